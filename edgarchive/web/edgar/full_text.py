"""EDGAR's full-text search, ``/LATEST/search-index``, answered from the archive's index.

Parameters and response are those of efts.sec.gov (recorded responses; docs/edgar.md), except that totals are exact and
hits do not end at 10,000.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web

from archiver.errors import NotInArchiveError, UsageError
from archiver.identifiers import AccessionNumber, Cik, FormType
from archiver.startup.patterns import lazy_pattern
from edgarchive.web.archive import ServedArchive, read_accession
from edgarchive.web.edgar.answers import sic_code
from edgarchive.web.edgar.full_text_query import LISTS, FullTextQuery, read_query, text_of
from edgarchive.web.edgar.names import entities_named
from edgarchive.web.edgar.tickers import cik_of, held_tickers, tickers_of
from edgarchive.web.facts import DocumentFacts, FilingFacts, about_document
from edgarchive.web.keys import ARCHIVE
from indexer.fields import Facet
from indexer.search.hits import Hit
from indexer.search.results import Results
from indexer.section_rows import MOST_NAME_CHARS, MOST_PARTIES
from indexer.submission.header import Entity

BUCKETS = 30
_TYPED = 10
_BODY_S = 20.0
"""Time limit for a request's body; the application limits its size (`client_max_size`)."""
_DISPLAYED = lazy_pattern(r"\(CIK ([0-9]{1,10})\)\s*$")
_QUOTED = lazy_pattern(r'"?([0-9]{10}-?[0-9]{2}-?[0-9]{6})"?')


async def full_text_search(request: web.Request) -> web.Response:
    """GET with parameters, or POST with the same as a JSON object, with lists as arrays.

    Raises `QueryError`, `UsageError`, `IdentifierError`.
    """
    values = await _values(request)
    if typed := text_of(values.get("keysTyped")):
        return web.json_response(await _typeahead(request.app[ARCHIVE], typed))
    return web.json_response(await _answer(request.app[ARCHIVE], read_query(values)))


async def _values(request: web.Request) -> Mapping[str, Any]:
    if request.method != "POST":
        query = request.query
        return {name: ",".join(query.getall(name)) if name in LISTS else query[name] for name in query}
    try:
        async with asyncio.timeout(_BODY_S):
            body = await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="The body came too slowly.\n") from None
    except web.RequestPayloadError:
        raise web.HTTPBadRequest(text="The body could not be read.\n") from None
    try:
        values = json.loads(body or b"{}", parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise UsageError("the body is not JSON", "send an object of parameters") from None
    if not isinstance(values, dict):
        raise UsageError("the body is not a JSON object", "send an object of parameters")
    return values


def _refuse_constant(name: str) -> None:
    """Refuse NaN and the infinities, which Python's parser accepts and RFC 8259 does not."""
    raise ValueError(name)


async def _answer(archive: ServedArchive, query: FullTextQuery) -> dict[str, Any]:
    accession = _QUOTED.fullmatch(query.words)
    if accession is not None and (number := read_accession(accession[1])) is not None:
        return await _by_accession(archive, number, query)
    results = await _search(archive, query)
    hits = [await _hit(archive, hit) for hit in results.hits]
    aggregations = await _aggregations(archive, results)
    return _found(hits, results.total, took_ms=results.took_ms, aggregations=aggregations, query=_echo(query))


def _found(hits: list[dict[str, Any]], total: int, *, took_ms: float = 1, **others: Any) -> dict[str, Any]:
    """The answer with these hits, in the format of Elasticsearch."""
    return {
        "took": max(1, round(took_ms)),
        "timed_out": False,
        "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
        "hits": {
            "total": {"value": total, "relation": "eq"},
            "max_score": max((hit["_score"] for hit in hits if hit["_score"] is not None), default=None),
            "hits": hits,
        },
        **others,
    }


async def _search(archive: ServedArchive, query: FullTextQuery) -> Results:
    name = query.name
    entity = await _cik_in(archive, name) if name else None
    narrowed = await _ciks(archive, query.filter_ciks)
    conditions = [
        f"({query.words})" if query.words else "",
        *_conditions(query),
        _any("cik", narrowed) if narrowed else "",
        _any("cik", [entity]) if entity is not None else "",
    ]
    words = " ".join(filter(None, conditions))
    sort = None if query.newest_first is None else "newest" if query.newest_first else "oldest"
    return await archive.search(
        words or None,
        cik=await _ciks(archive, query.ciks) or None,
        form=_with_amendments(query.forms) or None,
        item=list(query.items) or None,
        name=name if entity is None else None,
        type=list(query.types) or None,
        since=query.since,
        until=query.until,
        sort=sort or (None if query.words else "newest"),
        limit=query.size,
        offset=query.offset,
        documents=bool(query.words),
        snippets=False,
    )


async def _ciks(archive: ServedArchive, texts: Iterable[str]) -> list[int]:
    """The CIKs that `texts` mean, CIKs or tickers, without the unknown. Raises `UsageError` if all are unknown."""
    known = {text: await cik_of(archive, text.removeprefix("CIK")) for text in texts}
    found = [int(cik) for cik in known.values() if cik is not None]
    if known and not found:
        raise UsageError(f"no CIK or ticker {next(iter(known))!r} is known", "give CIKs as numbers")
    return found


async def _cik_in(archive: ServedArchive, name: str) -> Cik | None:
    """The CIK of an entity given as CIK, as ticker, or with its CIK as EDGAR displays it (`display_name`)."""
    displayed = _DISPLAYED.search(name)
    return await cik_of(archive, displayed[1] if displayed else name)


def _conditions(query: FullTextQuery) -> Iterable[str]:
    """Conditions that the library has no filter for, in the query language."""
    if query.sics:
        yield _any("sic", query.sics)
    if query.states:
        yield _any("state" if query.state_of_incorporation else "location", query.states)
    if query.filter_states:
        yield _any("location", query.filter_states)
    if query.filter_forms:
        yield _any("form", _with_amendments(query.filter_forms))
    if query.without_forms:
        yield f"NOT {_any('form', _with_amendments(query.without_forms))}"


def _any(field: str, values: Iterable[object]) -> str:
    """The condition that a field has one of the values."""
    return "(" + " OR ".join(f'{field}:"{value}"' for value in values) + ")"


def _with_amendments(forms: Iterable[str]) -> list[str]:
    """Each form and its amendment: 10-K also finds 10-K/A."""
    return [one for form in forms for one in (form, f"{form}/A")]


async def _by_accession(archive: ServedArchive, accession: AccessionNumber, query: FullTextQuery) -> dict[str, Any]:
    """The documents of one filing: an accession number as query text is looked up, not searched."""
    try:
        one = [await archive.facts(accession)]
    except NotInArchiveError:
        one = []
    found = [document for facts in one for document in facts.documents]
    asked = found[query.offset : query.offset + query.size]
    page = []
    for facts in one:
        tickers = await _tickers(archive, facts)
        page = [_source_hit(facts, document, tickers, None) for document in asked]
    aggregations = {
        "entity_filter": _buckets(Counter(name for hit in page[:1] for name in hit["_source"]["display_names"])),
        "sic_filter": _buckets(Counter(sic for f in one for sic in _sics(f.header.entities))),
        "biz_states_filter": _buckets(Counter(state for f in one for state in _states(f.header.entities))),
        "form_filter": _buckets(Counter(str(f.form.base) for f in one)),
    }
    return _found(page, len(found), aggregations=aggregations, query=_echo(query))


async def _hit(archive: ServedArchive, hit: Hit) -> dict[str, Any]:
    # several documents may have the number that a filer gave
    position = None if hit.score is None else hit.position
    facts = await archive.facts_cut(
        hit.accession, f"document {position}", lambda facts: about_document(facts, position)
    )
    return _source_hit(facts, facts.primary, await _tickers(archive, facts), hit.score)


async def _tickers(archive: ServedArchive, facts: FilingFacts) -> dict[int, list[str]]:
    ciks = {entity.cik for entity in facts.header.entities[:MOST_PARTIES] if entity.cik is not None}
    return {int(cik): await tickers_of(archive, cik) for cik in ciks}


def display_name(name: str, cik: Cik | None, tickers: Iterable[str]) -> str:
    """``NAME  (TICK)  (CIK 0000000000)``, EDGAR's format for an entity, with two spaces before each parenthesis."""
    listed = ", ".join(tickers)
    return f"{name}{f'  ({listed})' if listed else ''}{f'  (CIK {cik.padded})' if cik is not None else ''}"


def _source_hit(
    facts: FilingFacts, document: DocumentFacts | None, tickers: Mapping[int, list[str]], score: float | None
) -> dict[str, Any]:
    entities = [replace(one, name=one.name[:MOST_NAME_CHARS]) for one in facts.header.entities[:MOST_PARTIES]]
    period = facts.header.period_of_report
    values = [value for entity in entities for value in entity.filing_values][:MOST_PARTIES]
    return {
        "_index": "edgar_file",
        "_id": f"{facts.accession}:{document.filename if document else f'{facts.accession}.txt'}",
        "_score": score,
        "_source": {
            "ciks": [entity.cik.padded for entity in entities if entity.cik is not None],
            "period_ending": period.isoformat() if period else None,
            "file_num": _once(value.file_number for value in values),
            "display_names": [
                display_name(entity.name, entity.cik, tickers.get(int(entity.cik or 0), ())) for entity in entities
            ],
            "xsl": None,
            "sequence": document.sequence if document else None,
            "root_forms": [str(facts.form.base)],
            "root_form": str(facts.form.base),
            "file_date": facts.filing_date.isoformat(),
            "biz_states": _states(entities),
            "sics": _sics(entities),
            "form": str(facts.form),
            "adsh": str(facts.accession),
            "film_num": _once(value.film_number for value in values),
            "biz_locations": _once(_location(entity) for entity in entities),
            "file_type": document.type if document else str(facts.form),
            "file_description": (document.description or document.type) if document else None,
            "inc_states": _once(entity.state_of_incorporation for entity in entities),
            "items": list(facts.header.items),
        },
    }


def _once(values: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))


def _states(entities: Iterable[Entity]) -> list[str]:
    return _once(entity.business_address.state if entity.business_address else None for entity in entities)


def _sics(entities: Iterable[Entity]) -> list[str]:
    return _once(sic_code(entity.sic) for entity in entities)


def _location(entity: Entity) -> str | None:
    place = entity.business_address
    if place is None or not place.city:
        return None
    return ", ".join(part for part in (place.city.title(), place.state) if part)


async def _aggregations(archive: ServedArchive, results: Results) -> dict[str, Any]:
    facets = await archive.facets(results, "form", "cik", "sic", "location")

    def counts(facet: Facet) -> Counter[str]:
        return Counter({str(one.value): one.count for one in facets[facet]})

    forms: Counter[str] = Counter()
    for form, count in counts("form").items():
        forms[str(FormType(form).base)] += count
    names: Counter[str] = Counter()
    for cik, count in counts("cik").most_common(BUCKETS):
        names[await _name_of(archive, Cik(cik))] = count
    return {
        "entity_filter": _buckets(names),
        "sic_filter": _buckets(Counter({str(sic_code(sic)): count for sic, count in counts("sic").items()})),
        "biz_states_filter": _buckets(counts("location")),
        "form_filter": _buckets(forms),
    }


async def _name_of(archive: ServedArchive, cik: Cik) -> str:
    """An entity in EDGAR's format, with the name in its latest filing here."""
    return display_name(await archive.name_of(int(cik)), cik, await tickers_of(archive, cik))


def _buckets(counts: Counter[str]) -> dict[str, Any]:
    top = counts.most_common(BUCKETS)
    return {
        "doc_count_error_upper_bound": 0,
        "sum_other_doc_count": counts.total() - sum(count for _, count in top),
        "buckets": [{"key": key, "doc_count": count} for key, count in top],
    }


def _echo(query: FullTextQuery) -> dict[str, Any]:
    """The request, in the place where EDGAR has its engine's query."""
    return {"query": dict(query.asked), "from": query.offset, "size": query.size}


async def companies_named(archive: ServedArchive, typed: str, *, limit: int) -> list[tuple[Cik, str, list[str]]]:
    """Companies whose ticker or name begins with the typed text: CIK, name and tickers, ticker matches first."""
    found: dict[Cik, str] = {}
    listed = await held_tickers(archive)
    for one in listed:
        if one.ticker.startswith(typed.upper()) and len(found) < limit:
            found.setdefault(Cik(one.cik), one.title)
    for cik, name in (await entities_named(archive, typed, limit=limit)).items():
        found.setdefault(cik, name)
    tickers: dict[int, list[str]] = {}
    for one in listed:
        tickers.setdefault(one.cik, []).append(one.ticker)
    return [(cik, name, tickers.get(int(cik), [])) for cik, name in list(found.items())[:limit]]


async def _typeahead(archive: ServedArchive, typed: str) -> dict[str, Any]:
    """Suggestions of entities for the typed text, in the format of EDGAR's search box."""
    hits = [
        {
            "_index": "edgar_entity",
            "_id": str(int(cik)),
            "_score": None,
            "_source": {
                "entity": display_name(name, None, tickers).replace("  (", " ("),
                "entity_words": name,
                "tickers": ", ".join(tickers) or None,
            },
        }
        for cik, name, tickers in await companies_named(archive, typed, limit=_TYPED)
    ]
    return _found(hits, len(hits))
