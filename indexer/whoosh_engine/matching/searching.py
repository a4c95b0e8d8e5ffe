"""Collecting what a prepared tree matches: exact totals, one hit a submission, any order, one page, counts by value."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, NamedTuple

from whoosh.codec.whoosh3 import LENGTHS_COLUMN
from whoosh.query import Query
from whoosh.searching import Searcher

from indexer.engine import EngineHit, EngineResult, FacetCount, Sort, ranked
from indexer.fields import Facet
from indexer.query.bounds import Deadline
from indexer.whoosh_engine.matching.evaluating import evaluate
from indexer.whoosh_engine.matching.scores import length_levels
from indexer.whoosh_engine.reading import posting_blocks


class EntrySearcher(Searcher):  # type: ignore[misc]  # Whoosh has no types
    """Whoosh's searcher, with the columns of each segment read once. Not for two threads at a time."""

    def __init__(self, reader: Any, **options: Any) -> None:
        self._columns: dict[str, Sequence[int]] = {}
        self._length_codes: dict[str, Sequence[int]] = {}
        self._length_levels: dict[str, Sequence[float]] = {}
        super().__init__(reader, **options)

    def column(self, name: str) -> Sequence[int]:
        """The numbers of column `name` by document number of this segment; 0 where a document has none."""
        if name not in self._columns:
            reader = self.reader()
            found = reader.column_reader(name).load() if reader.has_column(name) else [0] * reader.doc_count_all()
            self._columns[name] = found
        return self._columns[name]

    def length_codes(self, field: str) -> Sequence[int]:
        """Whoosh's byte for the length of a field, by document number of this segment."""
        if field not in self._length_codes:
            column = self.reader()._perdoc._cached_reader(f"_{field}_len", LENGTHS_COLUMN)  # noqa: SLF001 (no other way)
            self._length_codes[field] = column.load()
        return self._length_codes[field]

    def length_levels(self, field: str) -> Sequence[float]:
        """`scores.length_levels` of a field; of the searcher of the whole index."""
        if field not in self._length_levels:
            self._length_levels[field] = length_levels(self, field)
        return self._length_levels[field]


class _Match(NamedTuple):
    """A matching document: its score, its number in the whole index, and where its segment has what it is ranked by."""

    score: float
    document: int
    segment: _Segment


class _Segment(NamedTuple):
    """The columns of a segment, and the number of its first document in the whole index."""

    filed: Sequence[int]
    accepted: Sequence[int]
    number: Sequence[int]
    added: Sequence[int]
    first: int


_FIRSTS: dict[Sort, Callable[[_Match], float]] = {
    "relevance": lambda m: -m.score,
    "newest": lambda m: -m.segment.filed[m.document - m.segment.first],
    "oldest": lambda m: m.segment.filed[m.document - m.segment.first],
    "added": lambda m: -m.segment.added[m.document - m.segment.first],
}
"""What decides before all else; smaller is better."""


def _order(sort: Sort) -> Callable[[_Match], tuple[float, ...]]:
    """The key of a whole order: filing date, acceptance and accession number after what decides first."""
    sign = 1 if sort == "oldest" else -1

    def key(match: _Match) -> tuple[float, ...]:
        segment = match.segment
        here = match.document - segment.first
        if sort == "added":
            return -segment.added[here], -segment.number[here], match.document
        by_date = (sign * segment.filed[here], sign * segment.accepted[here], sign * segment.number[here])
        return (*by_date, match.document) if sort != "relevance" else (-match.score, *by_date, match.document)

    return key


def collect(
    searcher: EntrySearcher,
    tree: Query,
    *,
    scored: bool,
    sort: Sort,
    limit: int | None,
    offset: int,
    documents: bool,
    deadline: Deadline,
) -> EngineResult:
    """The page of `tree`'s matches that begins at `offset`. Raises `QueryError` after the `deadline`."""
    if limit == 0:
        return EngineResult(_count(searcher, tree, documents=documents, deadline=deadline), ())
    matches = _hits(searcher, tree, documents=documents, deadline=deadline)
    if limit is None:
        page = sorted(matches, key=_order(sort))[offset:]
    else:
        page = heapq.nsmallest(offset + limit, _leading(matches, sort, offset + limit), key=_order(sort))[offset:]
    return EngineResult(
        total=len(matches),
        hits=tuple(
            EngineHit(searcher.stored_fields(match.document)["record"], match.score if scored else None)
            for match in page
        ),
    )


def count_facet(
    searcher: EntrySearcher, tree: Query, facet: Facet, *, documents: bool, deadline: Deadline
) -> tuple[FacetCount, ...]:
    """How many of `tree`'s hits have each value of `facet`, the most frequent first. Raises as `collect`."""
    hits = {match.document for match in _hits(searcher, tree, documents=documents, deadline=deadline)}
    counts: Counter[str] = Counter()
    for leaf, offset in searcher.leaf_searchers():
        here = {number - offset for number in hits if offset <= number < offset + leaf.doc_count_all()}
        if facet == "year":
            filed = leaf.column("filed")
            counts.update(str(filed[number] // 10_000) for number in here)
            continue
        reader = leaf.reader()
        for term in deadline.watch(reader.lexicon(facet)):
            blocks = posting_blocks(reader, facet, term, with_values=False)
            found = sum(len(here.intersection(block.documents)) for block in blocks)
            if found:
                counts[term.decode()] += found
    return ranked(facet, counts)


def _leading(matches: Collection[_Match], sort: Sort, count: int) -> Collection[_Match]:
    """The `count` first of `matches`, and others: what is certainly behind them is left out before it is looked at."""
    if count >= len(matches):
        return matches
    first = _FIRSTS[sort]
    firsts = [first(match) for match in matches]
    worst = heapq.nsmallest(count, firsts)[-1]
    return [match for match, of_match in zip(matches, firsts, strict=True) if of_match <= worst]


def _hits(searcher: EntrySearcher, tree: Query, *, documents: bool, deadline: Deadline) -> Collection[_Match]:
    """All matching documents, or the best one of each submission, the first of several equals."""
    hits: list[_Match] = []
    best: dict[int, _Match] = {}
    for leaf, first in _leaves(searcher):
        deadline.check()
        segment = _Segment(
            filed=leaf.column("filed"),
            accepted=leaf.column("accepted"),
            number=leaf.column("number"),
            added=leaf.column("added_at"),
            first=first,
        )
        found = evaluate(tree, leaf)
        if documents:
            hits += [_Match(score, first + document, segment) for document, score in found.items()]
            continue
        for document, number in zip(found, map(segment.number.__getitem__, found), strict=True):
            known = best.get(number)
            score = found[document]
            if known is None or score > known.score or (score == known.score and first + document < known.document):
                best[number] = _Match(score, first + document, segment)
    return hits if documents else best.values()


def _count(searcher: EntrySearcher, tree: Query, *, documents: bool, deadline: Deadline) -> int:
    """How many hits there are, without scoring or ordering them."""
    if not documents:
        return len(submissions_of(searcher, tree, deadline))
    count = 0
    for leaf, _ in _leaves(searcher):
        deadline.check()
        count += len(evaluate(tree, leaf))
    return count


def submissions_of(searcher: EntrySearcher, tree: Query, deadline: Deadline) -> frozenset[int]:
    """The numbers of the submissions that have a match. Raises `QueryError` after the `deadline`."""
    found: set[int] = set()
    for leaf, _ in _leaves(searcher):
        deadline.check()
        found.update(map(leaf.column("number").__getitem__, evaluate(tree, leaf)))
    return frozenset(found)


def _leaves(searcher: EntrySearcher) -> Iterator[tuple[EntrySearcher, int]]:
    """A searcher for each segment that holds documents, and the number of its first one in the whole index."""
    return ((leaf, offset) for leaf, offset in searcher.leaf_searchers() if leaf.doc_count_all())
