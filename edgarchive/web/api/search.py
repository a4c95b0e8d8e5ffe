"""Search over HTTP: one page of hits as JSON, all hits as JSON Lines or CSV, the latest as an Atom feed."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Callable, Collection, Iterable

from aiohttp import web
from multidict import MultiDict
from yarl import URL

from edgarchive.hit_rows import csv_cell
from edgarchive.watching.schedule import EASTERN
from edgarchive.web.keys import ARCHIVE, TEMPLATES
from edgarchive.web.params import BOM, MAX_LIMIT, SearchParameters, named_company, read_flag, read_search, with_changes
from edgarchive.web.safety import end_without_length, public_url
from indexer.search.hits import ROW_COLUMNS, Hit
from indexer.search.results import Results

_PORTION_HITS = 100
FEED_ENTRIES = 100
"""Number of entries in a feed."""


async def asked(
    request: web.Request, *, max_limit: int | None = MAX_LIMIT, besides: Collection[str] = ()
) -> SearchParameters:
    """The search in a request's parameters, except those named `besides`. Raises `UsageError`."""
    query = MultiDict((name, text) for name, text in request.query.items() if name not in besides)
    return read_search(await named_company(request.app[ARCHIVE], query), max_limit=max_limit)


async def search_json(request: web.Request) -> web.Response:
    """``/search.json``: the object of ``edgarchive search --json``, with the URL of the next page and facets."""
    wanted = await asked(request)
    archive = request.app[ARCHIVE]
    results = await archive.run(wanted.options)
    answer = results.to_dict()
    end = wanted.options.offset + len(results)
    more = len(results) > 0 and end < results.total
    answer["next"] = with_changes(request.rel_url, {"offset": str(end)}) if more else None
    counted = await archive.facets(results, *wanted.facets) if wanted.facets else {}
    answer["facets"] = {
        name: [{"value": one.value, "count": one.count} for one in counted[name]] for name in wanted.facets
    }
    if not results.total:
        answer["diagnosis"] = (await archive.do(results.diagnose)).to_dict()
    return web.json_response(answer)


async def search_jsonl(request: web.Request) -> web.StreamResponse:
    """``/search.jsonl``: every hit, one JSON object per line."""
    return await _stream(request, "application/x-ndjson", "jsonl", _as_jsonl)


async def search_csv(request: web.Request) -> web.StreamResponse:
    """``/search.csv``: every hit, one row each, with the columns of ``edgarchive search --format csv``.

    With ``bom``, it starts with a byte order mark: Excel takes other files for the system's own encoding.
    """
    mark = codecs.BOM_UTF8 if read_flag(BOM, request.query.get(BOM, "")) else b""
    return await _stream(request, "text/csv", "csv", _as_csv, head=mark + _csv([ROW_COLUMNS]))


def _as_jsonl(hits: Iterable[Hit]) -> bytes:
    return "".join(f"{json.dumps(hit.to_dict(), ensure_ascii=False)}\n" for hit in hits).encode()


def _as_csv(hits: Iterable[Hit]) -> bytes:
    rows = (hit.to_row() for hit in hits)
    return _csv([csv_cell(name, row[name]) for name in ROW_COLUMNS] for row in rows)


def _csv(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


async def _stream(
    request: web.Request,
    content_type: str,
    suffix: str,
    write: Callable[[Iterable[Hit]], bytes],
    *,
    head: bytes = b"",
) -> web.StreamResponse:
    """All hits of a search from ``offset`` on, or up to ``limit``, in portions."""
    wanted = await asked(request, max_limit=None, besides=(BOM,) if suffix == "csv" else ())
    archive = request.app[ARCHIVE]
    limit = wanted.options.limit if request.query.get("limit") else None
    # without a limit, hits are created when they are reached
    results = await archive.run_lazily(
        wanted.options.replace(limit=limit if limit and limit <= _PORTION_HITS else None)
    )
    hits = results.hits[:limit]

    async def portion(start: int) -> bytes:
        return await archive.do(lambda: write(hits[start : start + _PORTION_HITS]))

    first = await portion(0)  # so that an error can still have its own response
    response = web.StreamResponse(headers={"Content-Disposition": f'attachment; filename="edgarchive-hits.{suffix}"'})
    response.content_type = content_type
    response.charset = "utf-8"
    end_without_length(request, response)
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    await response.write(head + first)
    for start in range(_PORTION_HITS, len(hits), _PORTION_HITS):
        await response.write(await portion(start))
    await response.write_eof()
    return response


async def search_atom(request: web.Request) -> web.Response:
    """``/search.atom``: the latest hits as an Atom feed (RFC 4287)."""
    wanted = await asked(request)
    results = await request.app[ARCHIVE].run(wanted.options.replace(sort="newest", offset=0, limit=FEED_ENTRIES))
    return atom(
        request,
        results,
        title=results.query or "Filings",
        page=URL("/search").with_query(request.query),
        entry_id=lambda hit: f"urn:tag:sec.gov,2008:accession-number={hit.accession}",
        updated=moment,
    )


def atom(
    request: web.Request,
    results: Results,
    *,
    title: str,
    page: URL,
    entry_id: Callable[[Hit], str],
    updated: Callable[[Hit], str],
) -> web.Response:
    """The Atom feed of `results`; `page` shows the same search. Each hit has a permanent id, and a time in ISO 8601."""
    hits, own = tuple(results.hits), public_url(request)
    text = (
        request.app[TEMPLATES]
        .get_template("search.atom")
        .render(
            title=title,
            hits=hits,
            base=str(own.origin()),
            own=str(own),
            page=str(own.origin().join(page)),
            updated=updated(hits[0]) if hits else "1970-01-01T00:00:00Z",
            entry_id=entry_id,
            moment=updated,
        )
    )
    return web.Response(text=text, content_type="application/atom+xml")


def moment(hit: Hit) -> str:
    """When EDGAR accepted a filing, or else its filing date, in Atom's format."""
    accepted = hit.acceptance_datetime
    if accepted is None:
        return f"{hit.filing_date.isoformat()}T00:00:00Z"
    return accepted.replace(tzinfo=EASTERN).isoformat()
