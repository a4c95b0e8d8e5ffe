"""Collecting what a prepared tree matches: exact totals, one hit a submission, any order, one page."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from whoosh.query import Query
from whoosh.searching import Searcher

from archiver.errors import QueryError
from indexer.engine import EngineHit, EngineResult, Sort

MAX_SEARCH_S = 120.0
"""Seconds after which a search is given up: only a hostile query, or an index far beyond this engine, takes as long."""

_CHECK_EVERY = 256


class EntrySearcher(Searcher):  # type: ignore[misc]  # Whoosh has no types
    """Whoosh's searcher, with the columns of each segment read once. Not for two threads at a time."""

    def __init__(self, reader: Any, **options: Any) -> None:
        self._columns: dict[str, Sequence[int]] = {}
        super().__init__(reader, **options)

    @property
    def generation(self) -> int | None:
        """The number of the commit that is searched; None for an empty index."""
        generation: int | None = self.reader().generation()
        return generation

    def column(self, name: str) -> Sequence[int]:
        """The numbers of column `name` by document number of this segment; 0 where a document has none."""
        if name not in self._columns:
            reader = self.reader()
            found = reader.column_reader(name).load() if reader.has_column(name) else [0] * reader.doc_count_all()
            self._columns[name] = found
        return self._columns[name]


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
    searcher: EntrySearcher, tree: Query, *, scored: bool, sort: Sort, limit: int, offset: int, documents: bool
) -> EngineResult:
    """The page of `tree`'s matches that begins at `offset`. Raises `QueryError` after `MAX_SEARCH_S`."""
    matches = list(_matches(searcher, tree)) if documents else list(_best(_matches(searcher, tree)))
    page = heapq.nsmallest(offset + limit, matches, key=_ORDERS[sort])[offset:]
    return EngineResult(
        total=len(matches),
        hits=tuple(
            EngineHit(searcher.stored_fields(match.document)["record"], match.score if scored else None)
            for match in page
        ),
    )


def _matches(searcher: EntrySearcher, tree: Query) -> Iterator[_Match]:
    deadline = time.monotonic() + MAX_SEARCH_S
    context = searcher.context(needs_current=True)
    for leaf, offset in searcher.leaf_searchers():
        if not leaf.doc_count_all():
            continue
        filed, accepted, number = leaf.column("filed"), leaf.column("accepted"), leaf.column("number")
        matcher = tree.matcher(leaf, context)
        count = 0
        while matcher.is_active():
            found = matcher.id()
            yield _Match(offset + found, matcher.score(), filed[found], accepted[found], number[found])
            matcher.next()
            count += 1
            if count % _CHECK_EVERY == 0 and time.monotonic() > deadline:
                raise QueryError(f"the search took more than {MAX_SEARCH_S:.0f} s", "make the query narrower")


def _best(matches: Iterator[_Match]) -> Iterator[_Match]:
    """The best document of each submission, the first of several equals."""
    best: dict[int, _Match] = {}
    for match in matches:
        known = best.get(match.number)
        if known is None or match.score > known.score:
            best[match.number] = match
    yield from best.values()
