"""Sets of documents as Whoosh queries and matchers, for what is found outside Whoosh's own matching."""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from whoosh.matching import ListMatcher, NullMatcher
from whoosh.query import Query
from whoosh.searching import SearchContext, Searcher

Scores = Mapping[int, float]
"""Document number in a segment -> score."""


class ManyScores(Mapping[int, float]):
    """Scores of very many documents, which need not become objects to be counted and compared."""

    @abstractmethod
    def foremost(self, count: int) -> list[int]:
        """The `count` documents with the highest scores, and all with the same score as the last of them.

        `count` is at most the number of all.
        """

    @abstractmethod
    def to_dict(self) -> dict[int, float]:
        """The same as a dictionary."""

    @abstractmethod
    def distinct(self, column: Sequence[int]) -> int:
        """How many different numbers the documents have in `column`, by document number."""


class DocumentSet(Query):  # type: ignore[misc]  # Whoosh has no types
    """Documents returned by `find` as sorted numbers in one segment. Each scores `score`."""

    def __init__(self, find: Callable[[Searcher], Sequence[int]], *, score: float) -> None:
        self._find = find
        self._score = score

    def scores(self, searcher: Searcher, candidates: Collection[int] | None) -> Scores:
        """The documents of one segment, or those `candidates` given ones, with scores."""
        found = self._find(searcher)
        return dict.fromkeys(found if candidates is None else set(found).intersection(candidates), self._score)

    def estimate_size(self, reader: Any) -> int:
        """Whoosh orders an intersection by this; a set is cheap to look up in, so it may come last."""
        return int(reader.doc_count_all())

    def matcher(self, searcher: Searcher, context: SearchContext | None = None) -> Any:  # noqa: ARG002 — Whoosh's own
        """A matcher for the numbers found in this segment."""
        numbers = self._find(searcher)
        return SetMatcher(numbers, self._score) if numbers else NullMatcher()


class SetMatcher(ListMatcher):  # type: ignore[misc]  # as above
    """Whoosh's list matcher with one score for all, possibly 0, and a binary search."""

    def __init__(self, numbers: Sequence[int], score: float, place: int = 0) -> None:
        super().__init__(numbers, position=place)
        self._constant = score
        self._i: int

    def copy(self) -> SetMatcher:
        """Another matcher at the same position."""
        return SetMatcher(self._ids, self._constant, self._i)

    def skip_to(self, id: int) -> None:  # noqa: A002 — Whoosh's own
        """Move to the first number that is `id` or more."""
        self._i = bisect_left(self._ids, id, self._i)

    def weight(self) -> float:
        """The constant score."""
        return self._constant

    score = weight


class ScoredMatcher(SetMatcher):
    """The same with a score for each number."""

    def __init__(self, numbers: Sequence[int], scores: Sequence[float], place: int = 0) -> None:
        super().__init__(numbers, 0.0, place)
        self._scores = scores

    def copy(self) -> ScoredMatcher:
        """Another matcher at the same position."""
        return ScoredMatcher(self._ids, self._scores, self._i)

    def weight(self) -> float:
        """The score at this position."""
        return self._scores[self._i]

    score = weight
