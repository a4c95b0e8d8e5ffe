"""EDGAR's files of a filing: the whole submission, each document as filed, and their folder."""

from __future__ import annotations

import asyncio
import hashlib
import mimetypes
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from aiohttp import hdrs, web

from archiver.errors import DamagedBodyError, NotInArchiveError, UnreadableSubmissionError
from archiver.identifiers import AccessionNumber
from archiver.startup.dataclass import dataclass
from archiver.streams.decoding import ContentDecoder
from edgarchive.web.archive import ServedArchive, changed, read_accession
from edgarchive.web.caching.conditions import is_known
from edgarchive.web.edgar.answers import FolderItem, folder_json, folder_page, no_such_key, read_cik
from edgarchive.web.edgar.filing.index_page import filing_index_page, header_page
from edgarchive.web.facts import FilingFacts, document_name
from edgarchive.web.keys import ARCHIVE
from edgarchive.web.safety import headers_of_filers
from indexer.archive.stored_files import StoredFile
from indexer.submission.submission import Document

_CHUNK_BYTES = 1 << 18
_TYPES = {
    ".htm": "text/html",
    ".html": "text/html",
    ".xml": "text/xml",
    ".xsd": "text/xml",
    ".txt": "text/plain",
    ".json": "application/json",
    ".jpg": "image/jpeg",
    ".gif": "image/gif",
    ".png": "image/png",
    ".pdf": "application/pdf",
}


@dataclass(frozen=True, slots=True)
class _Opened:
    """A stored file, open, its size, and its first chunk."""

    stored: StoredFile
    file: BinaryIO
    size: int
    first: bytes


class StoredFileResponse(web.StreamResponse):
    """A stored submission: as stored for a client that accepts gzip, otherwise decoded while it is read.

    Ranges are ignored, as by EDGAR; memory use is one chunk, whatever the submission's size. Its length is known, so
    that a client notices if damage ends it early.
    """

    def __init__(self, opened: _Opened, *, md5: str) -> None:
        super().__init__(headers={**headers_of_filers(), "Vary": "Accept-Encoding"})
        self.content_type = "text/plain"
        self.headers[hdrs.ETAG] = f'"{md5}"'
        self._opened = opened

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Prepare and write the response. Raises OSError or `DamageError` if the file cannot be read."""
        opened = self._opened
        as_it_lies = accepts_gzip(request)
        if as_it_lies:
            self.headers[hdrs.CONTENT_ENCODING] = "gzip"
        self.content_length = length = opened.size if as_it_lies else opened.stored.size
        try:
            chunks = _proven(opened, length, decode=not as_it_lies)
            chunk = await asyncio.to_thread(next, chunks, b"")  # so that an error can still have its own response
            await self.prepare(request)
            while chunk and request.method != hdrs.METH_HEAD:
                await self.write(chunk)
                chunk = await asyncio.to_thread(next, chunks, b"")
            await self.write_eof()
        finally:
            opened.file.close()
        return self


def _opened(stored: StoredFile) -> _Opened:
    """The open file. Raises `DamageError` if it is none."""
    # a pipe would wait for a writer
    file = os.fdopen(os.open(stored.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    try:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise changed(stored)
        return _Opened(stored, file, status.st_size, file.read(_CHUNK_BYTES))
    except BaseException:
        file.close()
        raise


def _proven(opened: _Opened, length: int, *, decode: bool) -> Iterator[bytes]:
    """The `length` bytes of a stored file as it lies, or decoded, in chunks; the last one only if they are proven.

    Raises `DamageError`.
    """
    found, held = hashlib.sha256(), b""
    try:
        for chunk in _chunks(opened, found, decode=decode):
            length -= len(chunk)
            if length < 0:
                raise changed(opened.stored)
            if held:
                yield held
            held = chunk
    except DamagedBodyError:
        raise changed(opened.stored) from None
    if found.hexdigest() != opened.stored.sha256:
        raise changed(opened.stored)
    yield held


def _chunks(opened: _Opened, found: hashlib._Hash, *, decode: bool) -> Iterator[bytes]:
    """The same, not yet proven; `found` hashes the decoded bytes. Raises `DamagedBodyError`."""
    decoder = ContentDecoder("gzip", may_be_endless=False)
    data = opened.first
    while data:
        for piece in decoder.decode(data):
            found.update(piece)
            if decode:
                yield piece
        if not decode:
            yield data
        data = opened.file.read(_CHUNK_BYTES)
    decoder.finish()


def accepts_gzip(request: web.Request) -> bool:
    """Whether the client accepts gzip (RFC 9110, 12.5.3)."""
    accepted = {}
    for part in request.headers.get(hdrs.ACCEPT_ENCODING, "").lower().split(","):
        coding, _, weight = part.partition(";")
        accepted[coding.strip()] = weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return next((accepted[coding] for coding in ("gzip", "x-gzip", "*") if coding in accepted), False)


async def submission_file(request: web.Request) -> web.StreamResponse:
    """``/Archives/edgar/data/CIK/ACC.txt`` and its other paths: the whole submission, byte for byte."""
    read_cik(request, request.match_info["cik"])
    return await _submission(request, _accession(request, request.match_info["accession"]))


async def folder_file(request: web.Request) -> web.StreamResponse:
    """``/Archives/edgar/data/CIK/ACC18/FILE``: a document of the filing, or a file that EDGAR creates about it."""
    if "cik" in request.match_info:
        read_cik(request, request.match_info["cik"])
    accession = _accession(request, request.match_info["folder"])
    name = request.match_info["file"]
    stem = str(accession)
    if name == f"{stem}.txt":
        return await _submission(request, accession)
    archive: ServedArchive = request.app[ARCHIVE]
    facts = await _facts(request, accession)
    if name in {f"{stem}-index.htm", f"{stem}-index.html"}:
        return await archive.do(filing_index_page, request, facts)
    if name == f"{stem}-index-headers.html":
        return await archive.do(header_page, facts, await archive.header_text(accession))
    if name == "index.json":
        return await archive.do(lambda: web.json_response(folder_json(facts.folder, _items(facts))))
    if name == "":
        return await archive.do(
            lambda: web.Response(text=folder_page(facts.folder, _items(facts)), content_type="text/html")
        )
    return await _document(request, accession, name)


async def index_page(request: web.Request) -> web.StreamResponse:
    """``/Archives/edgar/data/CIK/ACC-index.html``, and the same below the folder's name."""
    if "cik" in request.match_info:
        read_cik(request, request.match_info["cik"])
    facts = await _facts(request, _accession(request, request.match_info["accession"]))
    return await request.app[ARCHIVE].do(filing_index_page, request, facts)


def _accession(request: web.Request, text: str) -> AccessionNumber:
    accession = read_accession(text)
    if accession is None:
        raise no_such_key(request)
    return accession


async def _facts(request: web.Request, accession: AccessionNumber) -> FilingFacts:
    try:
        return await request.app[ARCHIVE].facts(accession)
    except (NotInArchiveError, UnreadableSubmissionError):
        raise no_such_key(request) from None


async def _submission(request: web.Request, accession: AccessionNumber) -> web.StreamResponse:
    archive: ServedArchive = request.app[ARCHIVE]
    try:
        opened, md5 = await archive.opened(accession, _opened)
        if is_known(request, md5):
            opened.file.close()
            headers = {**headers_of_filers(), hdrs.ETAG: f'"{md5}"', hdrs.VARY: hdrs.ACCEPT_ENCODING}
            return web.Response(status=web.HTTPNotModified.status_code, headers=headers)
        return await StoredFileResponse(opened, md5=md5).send(request)
    except (NotInArchiveError, FileNotFoundError):
        raise no_such_key(request) from None


async def _document(request: web.Request, accession: AccessionNumber, path: str) -> web.Response:
    """The document named `path`, or what follows its last slash: ``xslF345X05/form4.xml`` is EDGAR's view of one."""
    submission = await request.app[ARCHIVE].submission(accession)
    for name in dict.fromkeys([path, path.rpartition("/")[2]]):
        for position, document in enumerate(submission.documents):
            if document_name(document, accession, position) == name:
                return await document_response(document, name)
    raise no_such_key(request)


async def document_response(document: Document, name: str) -> web.Response:
    """A document as filed, with its own type and the policy for filers' content."""
    try:
        body = await asyncio.to_thread(document.content)
    except UnreadableSubmissionError:
        body = document.body()  # its encoding is broken: send the bytes as they are
    suffix = Path(name).suffix.lower()
    content_type = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return web.Response(body=body, content_type=content_type, headers=headers_of_filers())


def _items(facts: FilingFacts) -> list[FolderItem]:
    """The files in a filing's folder: EDGAR's, then the filer's."""
    moment = facts.accepted
    made = [f"{facts.accession}-index-headers.html", f"{facts.accession}-index.html", f"{facts.accession}.txt"]
    return [
        *(FolderItem(name, moment) for name in made),
        *(FolderItem(document.filename, moment, document.size) for document in facts.documents),
    ]
