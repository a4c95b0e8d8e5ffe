"""Sets of documents as Whoosh queries, for what is found outside Whoosh's own matching."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from whoosh.query import Query
from whoosh.searching import Searcher

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
