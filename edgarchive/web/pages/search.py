"""The search page: one form, the hits with their snippets, facets as links, and a chart of the years."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from markupsafe import Markup
from yarl import URL

from archiver.errors import EdgarchiveError, IndexMissingError
from edgarchive.web.api.saved import all_saved
from edgarchive.web.archive import ServedArchive
from edgarchive.web.keys import ARCHIVE
from edgarchive.web.pages.chart import year_chart
from edgarchive.web.pages.render import marked, page
from edgarchive.web.params import (
    COMPANY,
    SPANS,
    WORDS,
    SearchParameters,
    named_company,
    read_search,
    with_changes,
    with_value,
    without_value,
)
from indexer.fields import Facet
from indexer.search.diagnosis.model import Diagnosis
from indexer.search.hits import Hit
from indexer.search.results import Results

_FACETS: dict[Facet, str] = {"form": "Form types", "item": "Items", "cik": "Companies", "type": "Document types"}
_SHOWN = 10
_RANGES = [("", "any time"), ("30d", "30 days"), ("1y", "1 year"), ("5y", "5 years"), ("10y", "10 years")]
_SORTS = [("", "relevance"), ("newest", "newest first"), ("oldest", "oldest first"), ("added", "last added first")]
_FIELDS = ("form", "item", "section", "type", "sic", "state", "since", "until", "added_since", "sort", "range")
_MORE = ("section", "type", "sic", "state", "since", "until", "added_since", "sort", "range")
_LABELS = {"cik": "CIK", "sic": "SIC", "q": "words"}
_ASKED = frozenset({WORDS, "limit", "offset", "facet"})


@dataclass(frozen=True, slots=True)
class _Shown:
    """A hit as the page shows it."""

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


async def search_page(request: web.Request) -> web.Response:
    """``/`` and ``/search``."""
    if not any(text.strip() for name, text in request.query.items() if name not in {"limit", "facet"}):
        return await _start_page(request)
    archive: ServedArchive = request.app[ARCHIVE]
    try:
        wanted = read_search(await named_company(archive, request.query))
        results = await archive.run(wanted.options)
        counted = await archive.facets(results, *_FACETS, "year") if results.total else {}
        why = None if results.total else await archive.diagnose(results)
    except IndexMissingError:
        raise
    except EdgarchiveError as error:
        if error.exit_code != 2:  # noqa: PLR2004 — not a mistake in what was asked
            raise
        said = {"message": error.message, "hint": error.hint}
        return page(request, "search.html", status=400, results=None, total=0, **{**_form(request), "error": said})
    return page(request, "search.html", **_form(request), **await _found(request, wanted, results, counted, why))


async def _start_page(request: web.Request) -> web.Response:
    status = await request.app[ARCHIVE].library.status()
    saved = list(await all_saved(request))
    return page(request, "search.html", results=None, total=status.submissions, saved=saved, **_form(request))


def _form(request: web.Request) -> dict[str, Any]:
    """What the form's fields hold: what was asked."""
    query = request.query
    fields = {name: ", ".join(text for text in query.getall(name, []) if text) for name in (*_FIELDS, COMPANY)}
    if not fields[COMPANY]:
        fields[COMPANY] = next((text for name in ("cik", "name", "ticker") if (text := query.get(name))), "")
    form = {
        **fields,
        "filing": query.get("within") == "filing",
        "stem": query.get("stem") == "1",
        "originals": query.get("amendments") == "0",
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

    facets = []
    for name, title in _FACETS.items():
        if counts := counted.get(name):
            names = await _names(request, name, [one.value for one in counts[:_SHOWN]])
            facets.append(
                {
                    "title": title,
                    "counts": [
                        {
                            "label": names.get(one.value) or str(one.value),
                            "count": one.count,
                            "url": with_value(url, name, str(one.value)),
                        }
                        for one in counts[:_SHOWN]
                    ],
                }
            )
    years = [(int(one.value), one.count) for one in counted.get("year", ())]
    return {
        "results": results,
        "unit": ("document" if documents else "filing") + ("" if results.total == 1 else "s"),
        "hits": [_shown(hit, url) for hit in results.hits],
        "first": options.offset + 1,
        "explained": _explained(results),
        "advice": list(_advice(why, url)) if why is not None else [],
        "chosen": list(_chosen(request, url)),
        "facets": facets,
        "chart": year_chart(years, lambda year: _year(url, year)),
        "previous": page_at(max(0, options.offset - limit)) if options.offset else None,
        "next": page_at(end) if end < results.total else None,
        "csv": _download(url, "/search.csv"),
        "jsonl": _download(url, "/search.jsonl"),
        "feed": _download(url, "/search.atom"),
    }


def _advice(why: Diagnosis, url: URL) -> Iterator[dict[str, str]]:
    """What the diagnosis of a search without hits says, a line each; what finds something is a link to it."""
    for text in (*why.unknown_lines(), *why.facts()):
        yield {"text": text, "url": ""}
    for label, count, change in _changes(why):
        yield {"text": f"{label} ({count:,})", "url": with_changes(url, {**change, "offset": None})}


def _changes(why: Diagnosis) -> Iterator[tuple[str, int, dict[str, str | None]]]:
    """What finds something: its label, how much, and the parameters to change."""
    for cause in why.filters:
        yield f"Leave out {_LABELS.get(cause.filter, cause.filter)}", cause.without, _cleared(cause.filter)
    for value in why.unknown:
        if value.near:
            yield f"Take {value.filter} {value.near}", value.count, {value.filter: value.near}
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
    """The parameters that stand for a filter, taken out."""
    if name in {"since", "until"}:
        return {"since": None, "until": None, "range": None}
    return {name: None, COMPANY: None} if name in {"cik", "name", "ticker"} else {name: None}


def _explained(results: Results) -> str:
    """How the words were read, on one line; empty where a plain word says the same."""
    if not results.query or results.query.isalnum():
        return ""
    query = results.explain().partition("filters:")[0]
    return "; ".join(line.strip() for line in query.splitlines() if line.strip() and not line.endswith(":"))


def _year(url: URL, year: int) -> str:
    changes = {"since": f"{year}-01-01", "until": f"{year}-12-31", "range": None, "offset": None}
    return with_changes(url, changes)


def _download(url: URL, path: str) -> str:
    return with_changes(url.with_path(path).with_query(url.query), {"offset": None, "limit": None, "facet": None})


async def _names(request: web.Request, facet: Facet, values: Iterable[int | str]) -> dict[int | str, str]:
    """Names for the values of a facet where a number says little: companies by CIK."""
    if facet != "cik":
        return {}
    archive: ServedArchive = request.app[ARCHIVE]
    return {value: await archive.name_of(int(value)) for value in values}


def _chosen(request: web.Request, url: URL) -> Iterable[dict[str, str]]:
    """The filters in force, each with the address of the same search without it."""
    for name, text in request.query.items():
        if name in _ASKED or not text.strip() or (name == "range" and text not in SPANS):
            continue
        yield {"label": f"{_LABELS.get(name, name)}: {text}", "url": without_value(url, name, text)}


def _shown(hit: Hit, url: URL) -> _Shown:
    document = hit.document
    filing = f"/filing/{hit.accession}"
    reader = filing
    if document is not None and document.sequence is not None:
        words = {"q": url.query[WORDS]} if url.query.get(WORDS) else {}
        stem = {"stem": "1"} if url.query.get("stem") == "1" else {}
        reader = str(URL(f"{filing}/{document.sequence}").with_query({**words, **stem}))
    about = [document.type, document.description] if document else []
    excerpt = hit.excerpt
    return _Shown(
        name=hit.entities[0].name if hit.entities else str(hit.accession),
        form=str(hit.form),
        filed=hit.filing_date.isoformat(),
        items=hit.items,
        items_derived=hit.items_derived,
        document=" ".join(dict.fromkeys(text for text in about if text)),
        section=section_label(hit),
        snippet=None if excerpt is None else marked(excerpt.text, excerpt.spans),
        accession=str(hit.accession),
        url=reader,
        filing=filing,
    )


def section_label(hit: Hit) -> str:
    """The section that a hit's passage stands in, for a person; empty where it stands in none."""
    section = getattr(hit, "section", None)
    return "" if section is None else str(section.heading or section.item)
