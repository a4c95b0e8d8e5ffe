"""Collecting what a query matches: exact totals, one hit a submission, any order, one page, counts by value.

tantivy counts and sorts documents. Where a hit is a submission and the query asks for words, all matching documents are
collected, and the best of each submission is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from tantivy import DocAddress, FieldType, Occur, Order, Query, Schema, Searcher

from indexer.engine import EngineHit, EngineResult, FacetCount, Sort, ranked
from indexer.fields import Facet
from indexer.query.bounds import Deadline
from indexer.tantivy_engine.translating import unscored

_MORE = 1000
"""Documents collected beyond a page, so that those of equal rank at its end can be put in order."""

_DECIMALS = 4
"""To which scores are rounded: the sum of the same scores differs in its last bits from segment to segment."""


@dataclass(frozen=True, slots=True)
class Selected:
    """What is sought: `query`; every document of it `is_hit`, or only the best of each submission."""

    query: Query
    is_hit: bool
    scored: bool


def first_documents(query: Query, schema: Schema) -> Query:
    """The first document of each submission of which `query` matches all documents."""
    first = Query.range_query(schema, "position", FieldType.Unsigned, 0, 0)
    return Query.boolean_query([(Occur.Must, query), (Occur.Must, unscored(first))])


def collect(
    searcher: Searcher, selected: Selected, *, sort: Sort, limit: int | None, offset: int, deadline: Deadline
) -> EngineResult:
    """The page of hits that begins at `offset`. Raises `QueryError` after the `deadline`."""
    total = _count(searcher, selected.query)
    if selected.is_hit and (limit == 0 or not total):
        return EngineResult(total, ())
    until = total if limit is None else min(total, offset + limit)
    if selected.is_hit and not selected.scored and sort != "relevance":
        page = _by_date(searcher, selected.query, sort, until=until, total=total)[offset:until]
        return EngineResult(total, tuple(_hit(searcher, address, None) for address in page))
    hits = _hits(searcher, selected, total)
    deadline.check()
    page_hits = [] if limit == 0 else _ordered(searcher, hits, sort, until=min(until, len(hits)))[offset:until]
    return EngineResult(
        total=len(hits),
        hits=tuple(
            _hit(searcher, address, score if selected.scored else None) for score, address in deadline.watch(page_hits)
        ),
    )


def count_facet(
    searcher: Searcher, selected: Selected, facet: Facet, schema: Schema, deadline: Deadline
) -> tuple[FacetCount, ...]:
    """How many hits have each value of `facet`, the most frequent first. Raises as `collect`."""
    query = selected.query
    if not selected.is_hit:
        best = [address for _, address in _hits(searcher, selected, _count(searcher, query))]
        query = Query.term_set_query(schema, "id", list(_ids(searcher, best)))
    deadline.check()
    found = searcher.terms_with_prefix(facet, "", query)
    return ranked(facet, {term: count for term, count in deadline.watch(found) if count})


def _count(searcher: Searcher, query: Query) -> int:
    found: Any = searcher.search(query, limit=1)  # its types leave the count out
    return int(found.count)


def _hit(searcher: Searcher, address: DocAddress, score: float | None) -> EngineHit:
    return EngineHit(bytes(searcher.doc(address)["record"][0]).decode(), score)


def _values(searcher: Searcher, field: str, addresses: list[DocAddress]) -> list[int]:
    return [int(value or 0) for value in searcher.fast_field_values(field, addresses)]


def _ids(searcher: Searcher, addresses: list[DocAddress]) -> Iterator[str]:
    numbers, positions = _values(searcher, "number", addresses), _values(searcher, "position", addresses)
    return (f"{number}:{position}" for number, position in zip(numbers, positions, strict=True))


def _by_date(searcher: Searcher, query: Query, sort: Sort, *, until: int, total: int) -> list[DocAddress]:
    """The first documents by date, `until` of them or some more; documents of one moment by accession number."""
    order = Order.Asc if sort == "oldest" else Order.Desc
    wanted = until
    while True:
        wanted = min(total, wanted + _MORE)
        found: list[tuple[int, DocAddress]] = searcher.search(
            query, limit=wanted, order_by_field="when", order=order
        ).hits
        if wanted == total or found[-1][0] != found[until - 1][0]:
            break
        wanted *= 2
    addresses = [address for _, address in found]
    sign = 1 if sort == "oldest" else -1
    keys = zip(
        (sign * moment for moment, _ in found),
        (sign * number for number in _values(searcher, "number", addresses)),
        _values(searcher, "position", addresses),
        strict=True,
    )
    return [addresses[place] for _, place in sorted((key, place) for place, key in enumerate(keys))]


def _hits(searcher: Searcher, selected: Selected, total: int) -> list[tuple[float, DocAddress]]:
    """All hits with their scores, the best first."""
    scored: list[tuple[float, DocAddress]] = searcher.search(selected.query, limit=max(1, total)).hits
    found = [(round(score, _DECIMALS), address) for score, address in scored]
    if selected.is_hit:
        return found
    addresses = [address for _, address in found]
    numbers = _values(searcher, "number", addresses)
    best: dict[int, int] = {}
    equals: dict[int, list[int]] = {}
    for place, number in enumerate(numbers):
        known = best.setdefault(number, place)
        if known != place and found[known][0] == found[place][0]:
            equals.setdefault(number, [known]).append(place)
    tied = [place for places in equals.values() for place in places]
    position = dict(zip(tied, _values(searcher, "position", [addresses[place] for place in tied]), strict=True))
    for number, places in equals.items():
        best[number] = min(places, key=position.__getitem__)
    return [found[place] for place in best.values()]


def _ordered(
    searcher: Searcher, hits: Sequence[tuple[float, DocAddress]], sort: Sort, *, until: int
) -> list[tuple[float, DocAddress]]:
    """The first `until` of `hits`, which come by score, or some more."""
    if sort == "relevance" and until:
        last = hits[until - 1][0]
        hits = [*hits[:until], *takewhile(lambda hit: hit[0] == last, hits[until:])]
    addresses = [address for _, address in hits]
    moments, numbers = _values(searcher, "when", addresses), _values(searcher, "number", addresses)
    positions = _values(searcher, "position", addresses)
    sign = 1 if sort == "oldest" else -1

    def key(place: int) -> tuple[Any, ...]:
        rank = -hits[place][0] if sort == "relevance" else 0
        return rank, sign * moments[place], sign * numbers[place], positions[place]

    return [hits[place] for place in sorted(range(len(hits)), key=key)]
