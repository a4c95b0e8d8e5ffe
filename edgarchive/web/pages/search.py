"""The search page: a form, the hits with snippets, facets as links, and a chart of the years."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from aiohttp import web
from markupsafe import Markup
from yarl import URL

from archiver.errors import EdgarchiveError, IdentifierError, QueryError, QueryTimeoutError, UsageError
from archiver.identifiers import Cik, parse_date_span
from archiver.startup.dataclass import dataclass
from edgarchive.formats import without_root
from edgarchive.web.api.saved import all_saved, search_url
from edgarchive.web.archive import ServedArchive
from edgarchive.web.keys import ARCHIVE, SETTINGS
from edgarchive.web.pages.chart import year_chart
from edgarchive.web.pages.explained import explained
from edgarchive.web.pages.render import marked, page, shortened
from edgarchive.web.params import (
    BOM,
    COMPANY,
    SPANS,
    WORDS,
    SearchParameters,
    asks_anything,
    list_of,
    named_company,
    narrowed,
    read_search,
    reader_url,
    values_of,
    with_changes,
    without_value,
)
from indexer.engine import FacetCount
from indexer.fields import Facet
from indexer.search.diagnosis.model import Diagnosis
from indexer.search.hits import Hit
from indexer.search.options import SearchOptions
from indexer.search.results import Results

_FACETS: dict[Facet, str] = {"form": "Form types", "item": "Items", "cik": "Companies", "type": "Document types"}
_SHOWN, _MOST = 10, 30
"""Values of a facet that are shown at first, and after unfolding."""

_NEWEST = 8
_HEADING_CHARS = 90
_RANGES = [("", "any time"), ("30d", "30 days"), ("1y", "1 year"), ("5y", "5 years"), ("10y", "10 years")]
_SORTS = [("", "relevance"), ("newest", "newest first"), ("oldest", "oldest first"), ("added", "last added first")]
_FIELDS = ("form", "item", "section", "type", "sic", "state", "since", "until", "added_since", "sort", "range")
_MORE = ("section", "type", "sic", "state", "since", "until", "added_since", "sort")
_COMPANY = (COMPANY, "cik", "name", "ticker")
"""The parameters of which the field for the company shows one value."""
_TICKS = (("within", "filing"), ("stem", "1"), ("amendments", "0"))
_SHOWN_ELSEWHERE = frozenset({WORDS, "offset", "facet", *_FIELDS})
_LABELS = {
    "cik": "CIK",
    "sic": "SIC",
    "q": "words",
    "type": "document type",
    "since": "filed from",
    "until": "filed until",
    "added_since": "added since",
}
_SAID = {
    ("amendments", "0"): "without amendments",
    ("amendments", "1"): "amendments only",
    ("stem", "1"): "word forms",
    ("within", "filing"): "words in different documents",
    ("main", "1"): "main documents only",
    ("exhibits", "1"): "exhibits only",
}
"""Filters that are not a name and a value."""

_DATES = frozenset({"since", "until"})
_ASKED = frozenset({WORDS, "limit", "offset", "facet", "sort"})
"""Parameters that do not narrow a search."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A hit as shown on the page."""

    name: str
    form: str
    filed: str
    items: tuple[str, ...]
    items_derived: bool
    document: str
    section: str
    snippet: Markup | None
    accession: str
    url: str
    filing: str
    company: str


async def search_page(request: web.Request) -> web.Response:
    """``/`` and ``/search``."""
    if not asks_anything(request.query):
        return await _start_page(request)
    archive: ServedArchive = request.app[ARCHIVE]
    try:
        wanted = read_search(await named_company(archive, request.query))
        results = await archive.run(wanted.options)
        counted = await archive.facets(results, *_FACETS, "year") if results.total else {}
        why = None if results.total else await archive.do(results.diagnose)
    except UsageError as error:  # mistakes in the request, and what takes too long
        too_slow = isinstance(error, QueryTimeoutError)
        status = HTTPStatus.SERVICE_UNAVAILABLE if too_slow else HTTPStatus.BAD_REQUEST
        values = {**_form(request), "error": _mistake(error, request.query.get(WORDS, ""))}
        title = "This query cannot be read" if isinstance(error, QueryError) else "This search cannot be run"
        if too_slow:
            title = "This search took too long"
        return page(request, "search.html", status=status, results=None, problem_title=title, **values)
    return page(request, "search.html", **_form(request), **await _found(request, wanted, results, counted, why))


def _day(text: str, *, last: bool) -> str:
    """The day that a year, month or day means, as a date field takes it; what cannot be read as it is."""
    try:
        return parse_date_span(text.strip())[last].isoformat()
    except IdentifierError:
        return text


def _mistake(error: EdgarchiveError, words: str) -> dict[str, Any]:
    """What is wrong with the request, and the part of the query from there on."""
    position = getattr(error, "position", None)
    known = position is not None and position < len(words)
    return {
        "message": error.message,
        "hint": error.hint,
        "is_query": isinstance(error, QueryError),
        "before": words[:position] if known else "",
        "at": words[position:] if known else "",
    }


async def _start_page(request: web.Request) -> web.Response:
    archive: ServedArchive = request.app[ARCHIVE]
    status = await archive.recent_status()
    saved, faults = await all_saved(request)
    notices = [f"The saved search is left out: {fault}" for fault in faults]
    newest: list[Hit] = []
    if status.index_error is not None:
        notices.append(status.index_error)
    elif status.unindexed:
        notices.append(f"{status.unindexed:,} of them cannot be searched yet: run `edgarchive index`")
    if status.index_error is None and status.submissions:
        newest = list((await archive.search(None, sort="added", limit=_NEWEST, snippets=False)).hits)
    years = sorted(one.year for one in status.forms)
    return page(
        request,
        "start.html",
        held=status,
        years=(years[0], years[-1]) if years else None,
        saved={name: str(search_url(search.options)) for name, search in saved.items()},
        notices=[without_root(notice, request.app[SETTINGS].root) for notice in notices],
        newest=[_shown(hit, URL("/search")) for hit in newest],
        **_form(request),
    )


def _form(request: web.Request) -> dict[str, Any]:
    """The values of the form's fields."""
    query = request.query
    fields = {name: list_of(name, query.getall(name, [])) for name in _FIELDS}
    companies = ((name, text) for name in _COMPANY for text in query.getall(name, []) if text.strip())
    company = next((one for one in companies if len(values_of(*one)) == 1), (COMPANY, ""))
    ticks = {(name, value) for name, value in _TICKS if query.getall(name, [""])[-1] == value}
    form = {
        **fields,
        "since": _day(fields["since"], last=False),
        "until": _day(fields["until"], last=True),
        COMPANY: company[1],
        "filing": _TICKS[0] in ticks,
        "stem": _TICKS[1] in ticks,
        "originals": _TICKS[2] in ticks,
        "hidden": [one for one in query.items() if one[0] not in _SHOWN_ELSEWHERE and one not in {company, *ticks}],
    }
    more = any(fields[name] for name in _MORE)
    return {"words": query.get(WORDS, ""), "form": form, "more": more, "ranges": _RANGES, "sorts": _SORTS}


async def _found(
    request: web.Request,
    wanted: SearchParameters,
    results: Results,
    counted: dict[Facet, Any],
    why: Diagnosis | None,
) -> dict[str, Any]:
    options, url = wanted.options, URL("/search").with_query(request.query)
    limit = options.limit or 1
    end = options.offset + len(results)
    documents = options.documents

    def page_at(offset: int) -> str:
        return with_changes(url, {"offset": str(offset) if offset else None})

    facets = [await _facet(request, name, counted[name], results, url=url) for name in _FACETS if counted.get(name)]
    years = [(int(one.value), one.count) for one in counted.get("year", ())]
    return {
        "results": results,
        "unit": ("document" if documents else "filing") + ("" if results.total == 1 else "s"),
        "hits": [_shown(hit, url) for hit in results.hits],
        "first": options.offset + 1,
        "last": end,
        "orders": [
            {"label": label, "url": None if value == (options.sort or "") else with_changes(url, _sorted(value))}
            for value, label in _SORTS
        ],
        "explained": explained(results),
        "advice": list(_advice(why, url)) if why is not None else [],
        "chosen": list(_chosen(request, url)),
        "facets": facets,
        "chart": year_chart(years, lambda year: _year(url, options.in_year(year))),
        "start": page_at(0),
        "previous": page_at(max(0, options.offset - limit)) if options.offset else None,
        "next": page_at(end) if end < results.total else None,
        "csv": _download(url, "/search.csv", {BOM: "1"}),
        "jsonl": _download(url, "/search.jsonl"),
        "feed": _download(url, "/search.atom"),
    }


def _advice(why: Diagnosis, url: URL) -> Iterator[dict[str, str]]:
    """The diagnosis of a search without hits, one line each; suggestions are links."""
    for text in (*why.unknown_lines(), *why.facts()):
        yield {"text": text, "url": ""}
    for label, count, change in _changes(why):
        yield {"text": f"{label} ({count:,})", "url": with_changes(url, {**change, "offset": None})}


def _changes(why: Diagnosis) -> Iterator[tuple[str, int, dict[str, str | None]]]:
    """Suggested changes: label, count, and the parameters to change."""
    for cause in why.filters:
        left_out = "the dates" if cause.filter in _DATES else _LABELS.get(cause.filter, cause.filter)
        yield f"Leave out {left_out}", cause.without, _cleared(cause.filter)
    for value in why.unknown:
        if value.near:
            changed: dict[str, str | None] = {value.filter: value.near} if value.query is None else {WORDS: value.query}
            yield f"Use {value.filter} {value.near}", value.count, changed
    for one in why.alternatives:
        match one.change:
            case "query":
                yield f"Search for {one.value}", one.count, {WORDS: one.value}
            case "stem":
                yield "Match word forms", one.count, {"stem": "1"}
            case "within":
                yield f"Search within a {one.value}", one.count, {"within": one.value}
            case "section":
                yield f"Search in section {one.value}", one.count, {"item": None, "section": one.value}


def _cleared(name: str) -> dict[str, str | None]:
    """The parameters that represent a filter, removed."""
    if name in _DATES:
        return {"since": None, "until": None, "range": None}
    return {name: None, COMPANY: None} if name in {"cik", "name", "ticker"} else {name: None}


def _sorted(order: str) -> dict[str, str | None]:
    return {"sort": order or None, "offset": None}


def _year(url: URL, of_year: SearchOptions) -> str:
    return with_changes(url, {"since": str(of_year.since), "until": str(of_year.until), "range": None, "offset": None})


def _download(url: URL, path: str, added: Mapping[str, str] = MappingProxyType({})) -> str:
    changes = {"offset": None, "limit": None, "facet": None, **added}
    return with_changes(url.with_path(path).with_query(url.query), changes)


async def _facet(
    request: web.Request, name: Facet, counts: Sequence[FacetCount], results: Results, *, url: URL
) -> dict[str, Any]:
    """A facet's values, each linked to the narrowed search; names of companies cost a search."""
    most = _SHOWN if name == "cik" else _MOST
    names: dict[int | str, str] = {}
    if name == "cik":
        archive: ServedArchive = request.app[ARCHIVE]
        by_date = sorted(results.hits, key=lambda hit: hit.filing_date)  # names change: the last one counts
        here = {entity.cik: entity.name for hit in by_date for entity in hit.entities}
        for one in counts[:most]:
            names[one.value] = here.get(Cik(one.value)) or await archive.name_of(int(one.value))
    links = [
        {
            "label": names.get(one.value) or str(one.value),
            "count": one.count,
            "url": narrowed(url, name, str(one.value)),
        }
        for one in counts[:most]
    ]
    unshown = max(0, len(counts) - most)
    return {"title": _FACETS[name], "counts": links[:_SHOWN], "rest": links[_SHOWN:], "unshown": unshown}


def _chosen(request: web.Request, url: URL) -> Iterable[dict[str, str]]:
    """The active filters, each value with the URL of the search without it."""
    for name, text in request.query.items():
        if name in _ASKED or not text.strip() or (name == "range" and text not in SPANS):
            continue
        for value in values_of(name, text):
            yield {"label": _said(name, value), "url": without_value(url, name, value)}


def _said(name: str, value: str) -> str:
    """A filter in words."""
    if (name, value) in _SAID:
        return _SAID[name, value]
    if name == "range":
        return f"filed within {dict(_RANGES)[value]}"
    return f"{_LABELS.get(name, name)}: {value}"


def _shown(hit: Hit, url: URL) -> _Shown:
    document = hit.document
    filing = f"/filing/{hit.accession}"
    reader = filing
    if document is not None and hit.position is not None:
        words = {"q": url.query[WORDS]} if url.query.get(WORDS) else {}
        stem = {"stem": "1"} if url.query.get("stem") == "1" else {}
        number = document.sequence or hit.position + 1
        reader = str(reader_url(hit.accession, number, hit.position + 1).update_query({**words, **stem}))
    excerpt = None if hit.excerpt is None else hit.excerpt.with_ellipses()
    return _Shown(
        name=_names(hit) or str(hit.accession),
        form=str(hit.form),
        filed=hit.filing_date.isoformat(),
        items=hit.items,
        items_derived=hit.items_derived,
        document=_label(hit),
        section=section_label(hit),
        snippet=None if excerpt is None else marked(excerpt.text, excerpt.spans),
        accession=str(hit.accession),
        url=reader,
        filing=filing,
        company=next((f"/company/{int(entity.cik)}" for entity in hit.entities if entity.cik is not None), ""),
    )


def _names(hit: Hit) -> str:
    """Who filed: the names of up to two, else the first and the number of others."""
    names = list(dict.fromkeys(entity.name for entity in hit.entities))
    if len(names) <= 2:  # noqa: PLR2004 — as many as fit
        return " and ".join(names)
    return f"{names[0]} and {len(names) - 1} others"


def _label(hit: Hit) -> str:
    """Type and description of the found document, if they say more than the form does."""
    document = hit.document
    if document is None:
        return ""
    said = {str(hit.form), f"FORM {hit.form}", ""}
    parts = dict.fromkeys(text for text in (document.type, document.description) if text)
    return " ".join(text for text in parts if text.upper() not in said)


def section_label(hit: Hit) -> str:
    """The section of a hit's passage, for people; empty if it is in none."""
    section = hit.section
    return "" if section is None else shortened(" ".join((section.heading or section.item).split()), _HEADING_CHARS)
