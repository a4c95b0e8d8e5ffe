"""Collecting the matches of a query: exact totals, one hit per submission, any order, one page.

tantivy counts, scores and sorts documents. Those of the page are fetched, and some more where documents of the same
rank or submission may follow; if everything is requested, all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from tantivy import DocAddress, Order, Query, Schema, Searcher

from archiver.startup.dataclass import dataclass
from indexer.engine import EngineResult, Sort, read_hits
from indexer.query.bounds import Deadline
from indexer.tantivy_engine.siblings import all_of, any_of, count_submissions, unscored

_MORE = 100
"""Documents fetched beyond a page at first; four times as many each time after that."""

_SHORT_S = 0.3
"""A search that takes longer could have been two."""

_DECIMALS = 4
"""Scores are rounded, since sums of the same scores differ in their last bits between segments."""


@dataclass(frozen=True, slots=True)
class Selected:
    """What to find: `query`; every document of it `is_hit`, or only the best of each submission.

    `scored`: hits have scores. `levels`, if any, find hits of equal scores, best first; the last one finds all.
    """

    query: Query
    is_hit: bool
    scored: bool
    levels: tuple[Query, ...]

    def found(self, candidate: Candidate) -> tuple[int, int]:
        """What a candidate finds: a document, or its submission."""
        return candidate.number, candidate.position if self.is_hit else 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document that may be a hit, with its ranking values. `score` is rounded, `when` a value of `_moments`."""

    score: float
    when: int
    number: int
    position: int
    address: DocAddress

    def key(self, sort: Sort) -> tuple[float, ...]:
        """Its place in the order of hits."""
        sign = 1 if sort == "oldest" else -1
        rank = -self.score if sort == "relevance" else 0
        return rank, sign * self.when, sign * self.number, self.position


def first_documents(query: Query, schema: Schema) -> Query:
    """The first document of each submission, for a `query` that matches all documents of a submission or none."""
    first = Query.term_query(schema, "first", 1, index_option="basic")
    return all_of([query, unscored(first)])


def count_hits(searcher: Searcher, selected: Selected, schema: Schema, deadline: Deadline) -> int:
    """The number of hits. Raises `QueryError` after the `deadline`."""
    documents = count_documents(searcher, selected.query)
    if selected.is_hit or documents < 2:  # noqa: PLR2004 — one document is one submission
        return documents
    return count_submissions(searcher, selected.query, schema, documents, deadline)


def count_documents(searcher: Searcher, query: Query) -> int:
    """The number of documents that match `query`."""
    found: Any = searcher.search(query, limit=1)  # the stub lacks the count
    return int(found.count)


def collect(
    searcher: Searcher,
    selected: Selected,
    schema: Schema,
    *,
    total: int,
    sort: Sort,
    limit: int | None,
    offset: int,
    deadline: Deadline,
    read: Callable[[int], str],
) -> EngineResult:
    """The page from `offset` on, of `total` hits; `read` returns the record at a packed address.

    Raises `QueryError` after the `deadline`.
    """
    deadline.check()
    until = total if limit is None else min(total, offset + limit)
    if until <= offset:
        return EngineResult(total, ())
    levels = selected.levels if sort == "relevance" else (selected.query,)
    if limit is not None and levels:
        page = _by_levels(searcher, selected, levels, sort, until=until, deadline=deadline)[offset:until]
        if selected.scored:
            page = _best(searcher, selected, schema, page)
    else:
        wanted = None if limit is None else until
        hits = _by_score(searcher, selected, sort, until=wanted, deadline=deadline)
        page = sorted(hits, key=lambda hit: hit.key(sort))[offset:until]
    deadline.check()
    scores = [hit.score for hit in page] if selected.scored else None
    return EngineResult(total, read_hits([_packed(hit.address) for hit in page], scores, read))


def _packed(address: DocAddress) -> int:
    return int(address.segment_ord) << 32 | int(address.doc)


def record_at(searcher: Searcher, packed: int) -> str:
    """The stored JSON of the document at a packed address."""
    return bytes(searcher.doc(DocAddress(packed >> 32, packed & 0xFFFFFFFF))["record"][0]).decode()


def numbers_of(searcher: Searcher, selected: Selected, deadline: Deadline) -> frozenset[int]:
    """The numbers of submissions with a matching document. Raises as `collect`."""
    most = max(1, count_documents(searcher, selected.query))
    found: list[tuple[float, DocAddress]] = searcher.search(selected.query, limit=most, count=False).hits
    deadline.check()
    return frozenset(values(searcher, "number", [address for _, address in found]))


def best_addresses(searcher: Searcher, selected: Selected, deadline: Deadline) -> list[DocAddress]:
    """The best document of each submission of `selected`."""
    found = _by_score(searcher, selected, "relevance", until=None, deadline=deadline)
    return [hit.address for hit in found]


def values(searcher: Searcher, field: str, addresses: list[DocAddress]) -> list[int]:
    """The values of a number field of the documents at `addresses`."""
    return [int(value or 0) for value in searcher.fast_field_values(field, addresses)]


def match_in_turn(
    searcher: Searcher, schema: Schema, ways: Sequence[Query], among: Query, deadline: Deadline, *, most: int
) -> Query:
    """The documents of `among` that match any of `ways`. One search asks for at most `most` of them.

    tantivy cannot be interrupted, so each search is kept short. Raises as `collect`.
    """
    left, found = _ids(searcher, among), set[str]()
    tried, size = 0, 1
    while left and tried < len(ways):
        deadline.check()
        started = time.monotonic()
        these = Query.term_set_query(schema, "id", list(left))
        matched = _ids(searcher, all_of([these, any_of(ways[tried : tried + size])]))
        found |= matched
        left -= matched
        tried += size
        size = min(most, 2 * size) if time.monotonic() - started < _SHORT_S else max(1, size // 2)
    return Query.term_set_query(schema, "id", list(found))


def _ids(searcher: Searcher, query: Query) -> set[str]:
    """The ids of the documents that match `query`."""
    most = max(1, searcher.num_docs)
    addresses = [address for _, address in searcher.search(unscored(query), limit=most, count=False).hits]
    numbers, positions = values(searcher, "number", addresses), values(searcher, "position", addresses)
    return {f"{number}:{position}" for number, position in zip(numbers, positions, strict=True)}


def _by_score(
    searcher: Searcher, selected: Selected, sort: Sort, *, until: int | None, deadline: Deadline
) -> list[Candidate]:
    """At least the first `until` hits by relevance, or all; `sort` is their final order."""

    def fetch(limit: int) -> list[tuple[float, DocAddress]]:
        found: list[tuple[float, DocAddress]] = searcher.search(selected.query, limit=limit, count=False).hits
        return [(round(score, _DECIMALS), address) for score, address in found]

    moments = _moments(sort)
    return _fetched(searcher, selected, fetch, until=until, deadline=deadline, moments=moments)


def _by_levels(
    searcher: Searcher, selected: Selected, levels: Iterable[Query], sort: Sort, *, until: int, deadline: Deadline
) -> list[Candidate]:
    """The first `until` hits in order, by date within each level; without scores."""
    by_date: Sort = "newest" if sort == "relevance" else sort
    hits: dict[tuple[int, int], Candidate] = {}
    for level in levels:
        # at most this many belong to an earlier level
        found = _by_date(searcher, replace(selected, query=level), by_date, until=until + len(hits), deadline=deadline)
        for hit in sorted(found, key=lambda hit: hit.key(by_date)):
            hits.setdefault(selected.found(hit), hit)
        if len(hits) >= until:
            break
    return list(hits.values())


def _by_date(searcher: Searcher, selected: Selected, sort: Sort, *, until: int, deadline: Deadline) -> list[Candidate]:
    """At least the first `until` hits by date; without scores."""
    order = Order.Asc if sort == "oldest" else Order.Desc

    def fetch(limit: int) -> list[tuple[int, DocAddress]]:
        found: list[tuple[int, DocAddress]] = searcher.search(
            selected.query, limit=limit, count=False, order_by_field=_moments(sort), order=order
        ).hits
        return found

    return _fetched(searcher, selected, fetch, until=until, deadline=deadline, moments=None)


def _fetched(
    searcher: Searcher,
    selected: Selected,
    fetch: Callable[[int], Sequence[tuple[float, DocAddress]]],
    *,
    until: int | None,
    deadline: Deadline,
    moments: str | None,
) -> list[Candidate]:
    """At least the first `until` hits, or all; `fetch` returns a number of documents with their ranks, best first.

    Documents with the rank of the last one are left out unless there are no more, since others of that rank were not
    fetched.
    """
    most = max(1, searcher.num_docs if until else count_documents(searcher, selected.query))
    limit = min(most, 2 * until + _MORE) if until else most
    while True:
        deadline.check()
        found = fetch(limit)
        is_all = len(found) < limit or limit == most
        if not is_all:
            last = found[-1][0]
            found = [one for one in found if one[0] != last]
        hits = _hits(selected, _candidates(searcher, found, moments=moments))
        if is_all or (until and len(hits) >= until):
            return hits
        limit = min(most, 4 * limit)


def _candidates(
    searcher: Searcher, found: Sequence[tuple[float, DocAddress]], *, moments: str | None
) -> Iterator[Candidate]:
    addresses = [address for _, address in found]
    ranks = [rank for rank, _ in found]
    when: Sequence[Any] = ranks if moments is None else values(searcher, moments, addresses)
    scores = [0.0] * len(ranks) if moments is None else ranks
    numbers, positions = values(searcher, "number", addresses), values(searcher, "position", addresses)
    return map(Candidate, scores, when, numbers, positions, addresses)


def _moments(sort: Sort) -> str:
    """The field that orders hits before their accession numbers."""
    return "added_at" if sort == "added" else "when"


def _hits(selected: Selected, candidates: Iterable[Candidate]) -> list[Candidate]:
    """The best candidate of each hit: the highest score, and of several equal ones the first document."""
    if selected.is_hit:
        return list(candidates)
    best: dict[int, Candidate] = {}
    for one in candidates:
        known = best.setdefault(one.number, one)
        if (one.score, -one.position) > (known.score, -known.position):
            best[one.number] = one
    return list(best.values())


def _best(searcher: Searcher, selected: Selected, schema: Schema, page: Sequence[Candidate]) -> list[Candidate]:
    """The hits of a page found without scores, now with scores: the best documents of the same submissions."""
    among = (
        Query.term_set_query(schema, "id", [f"{hit.number}:{hit.position}" for hit in page])
        if selected.is_hit
        else Query.term_set_query(schema, "number", [hit.number for hit in page])
    )
    query = all_of([selected.query, unscored(among)])
    found: list[tuple[float, DocAddress]] = searcher.search(
        query, limit=max(1, count_documents(searcher, query)), count=False
    ).hits
    rounded = [(round(score, _DECIMALS), address) for score, address in found]
    hits = {selected.found(hit): hit for hit in _hits(selected, _candidates(searcher, rounded, moments="when"))}
    return [hits[selected.found(hit)] for hit in page]
