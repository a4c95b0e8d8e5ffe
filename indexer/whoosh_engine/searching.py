"""Collecting what a prepared tree matches: exact totals, one hit a submission, any order, one page, counts by value."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from whoosh.codec.whoosh3 import LENGTHS_COLUMN
from whoosh.query import Query
from whoosh.searching import Searcher

from indexer.bounds import Deadline
from indexer.engine import EngineHit, EngineResult, Facet, FacetCount, Sort, ranked
from indexer.whoosh_engine.evaluating import evaluate
from indexer.whoosh_engine.reading import posting_blocks


class EntrySearcher(Searcher):  # type: ignore[misc]  # Whoosh has no types
    """Whoosh's searcher, with the columns of each segment read once. Not for two threads at a time."""

    def __init__(self, reader: Any, **options: Any) -> None:
        self._columns: dict[str, Sequence[int]] = {}
        self._length_codes: dict[str, Sequence[int]] = {}
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


@dataclass(frozen=True, slots=True)
class _Match:
    """A matching document: its number in the whole index, and what it is ranked by."""

    document: int
    score: float
    filed: int
    accepted: int
    number: int


_ORDERS: dict[Sort, Callable[[_Match], tuple[float, ...]]] = {
    "relevance": lambda m: (-m.score, -m.filed, -m.accepted, -m.number, m.document),
    "newest": lambda m: (-m.filed, -m.accepted, -m.number, m.document),
    "oldest": lambda m: (m.filed, m.accepted, m.number, m.document),
}


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
    order = _ORDERS[sort]
    page = (sorted(matches, key=order) if limit is None else heapq.nsmallest(offset + limit, matches, key=order))[
        offset:
    ]
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


def _hits(searcher: EntrySearcher, tree: Query, *, documents: bool, deadline: Deadline) -> list[_Match]:
    matches = deadline.watch(_matches(searcher, tree))
    return list(matches) if documents else _best(matches)


def _matches(searcher: EntrySearcher, tree: Query) -> Iterator[_Match]:
    for leaf, offset in _leaves(searcher):
        filed, accepted, number = leaf.column("filed"), leaf.column("accepted"), leaf.column("number")
        for found, score in evaluate(tree, leaf).items():
            yield _Match(offset + found, score, filed[found], accepted[found], number[found])


def _count(searcher: EntrySearcher, tree: Query, *, documents: bool, deadline: Deadline) -> int:
    """How many hits there are, without scoring or ordering them."""
    count = 0
    submissions: set[int] = set()
    for leaf, _ in _leaves(searcher):
        deadline.check()
        found = evaluate(tree, leaf)
        if documents:
            count += len(found)
        else:
            number = leaf.column("number")
            submissions.update(number[document] for document in found)
    return count + len(submissions)


def _leaves(searcher: EntrySearcher) -> Iterator[tuple[EntrySearcher, int]]:
    """A searcher for each segment that holds documents, and the number of its first one in the whole index."""
    return ((leaf, offset) for leaf, offset in searcher.leaf_searchers() if leaf.doc_count_all())


def _best(matches: Iterable[_Match]) -> list[_Match]:
    """The best document of each submission, the first of several equals."""
    best: dict[int, _Match] = {}
    for match in matches:
        known = best.get(match.number)
        if known is None or match.score > known.score:
            best[match.number] = match
    return list(best.values())
