"""A filing as JSON, a document as text, companies by name, and the contents of the archive."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from archiver.errors import NotInArchiveError
from archiver.store.layout import Layout
from archiver.store.opening import check_format
from edgarchive.formats import as_json_text, without_root
from edgarchive.web.archive import ServedArchive, read_accession
from edgarchive.web.edgar.full_text import companies_named
from edgarchive.web.keys import ARCHIVE, SETTINGS
from edgarchive.web.params import PLACE, WORDS, check_names
from edgarchive.web.safety import headers_of_filers
from indexer.submission.submission import Document, Submission

_TYPED = 10


def json_response(value: object) -> web.Response:
    """A response with `value` in the format of the command line's ``--json``."""
    return web.Response(text=as_json_text(value), content_type="application/json")


async def read_submission(request: web.Request) -> Submission:
    """The submission in a path. Raises `NotInArchiveError`, `UnreadableSubmissionError`, `DamageError`."""
    accession = read_accession(request.match_info["accession"])
    if accession is None:
        raise NotInArchiveError(f"{request.match_info['accession'][:40]!r} is not an accession number", "check it")
    return await request.app[ARCHIVE].submission(accession)


def read_document(request: web.Request, submission: Submission) -> tuple[int, Document]:
    """The document with the sequence number in a path, and its position. Raises `NotInArchiveError`.

    Of several with this number, the one at the place among all documents that `PLACE` says; without it, the first.
    """
    number, place = int(request.match_info["sequence"]), request.query.get(PLACE)
    found = [
        (position, document)
        for position, document in enumerate(submission.documents)
        if (document.sequence or position + 1) == number and place in {None, str(position + 1)}
    ]
    if found:
        return found[0]
    where = "" if place is None else f" at place {place[:20]!r}"
    raise NotInArchiveError(f"{submission.header.accession} has no document {number}{where}", "see the filing's page")


async def filing_json(request: web.Request) -> web.Response:
    """``/filing/ACC.json``: header, documents and record of a filing, like ``edgarchive show ACC --json``."""
    check_names(request.query)
    submission = await read_submission(request)
    archive = request.app[ARCHIVE]
    record = await archive.record(submission.header.accession)
    return await archive.do(lambda: json_response({**submission.to_dict(), "record": record.to_dict()}))


async def document_text(request: web.Request) -> web.Response:
    """``/filing/ACC/SEQ.txt``: the text of a document, or (``?section=1A``) of one of its sections."""
    check_names(request.query, "section", PLACE)
    _, document = read_document(request, await read_submission(request))
    text = await request.app[ARCHIVE].text(document, request.query.get("section"))
    return web.Response(text=text, content_type="text/plain", headers=headers_of_filers())


async def companies_json(request: web.Request) -> web.Response:
    """``/companies.json?q=``: companies whose name or ticker begins with the typed text, for completion."""
    check_names(request.query, WORDS)
    archive: ServedArchive = request.app[ARCHIVE]
    found: list[dict[str, Any]] = []
    if typed := request.query.get(WORDS, "").strip():
        for cik, name, tickers in await companies_named(archive, typed, limit=_TYPED):
            found.append({"cik": int(cik), "name": name, "tickers": list(tickers)})
    return web.json_response({"companies": found})


async def status_json(request: web.Request) -> web.Response:
    """``/status.json``: the contents of the archive, like ``edgarchive status --json``, without its path."""
    check_names(request.query)
    status = (await request.app[ARCHIVE].library.status()).to_dict()
    status.pop("root", None)
    if status["index_error"] is not None:
        status["index_error"] = without_root(status["index_error"], request.app[SETTINGS].root)
    return json_response(status)


async def healthz(request: web.Request) -> web.Response:
    """``/healthz``: 200 while the archive can be read."""
    # of a folder that is away, an open catalogue can still be read
    await asyncio.to_thread(check_format, Layout(request.app[SETTINGS].root))
    await request.app[ARCHIVE].library.log(1)  # a status counts all submissions
    return web.json_response({"status": "ok"})
