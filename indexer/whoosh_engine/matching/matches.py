"""The matches of recent searches, so that their facets are counted without matching again."""

from __future__ import annotations

import threading
from array import array
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Sequence
from functools import cached_property
from typing import NamedTuple

from whoosh.query import Query
from whoosh.searching import Searcher

from indexer.whoosh_engine.matching.evaluating import evaluate, matching
from indexer.whoosh_engine.matching.sets import ManyScores, Scores

MAX_KEPT = 2_000_000
"""Matching documents kept for all recent searches, at 12 or 16 bytes each."""

_LARGE_INDEX_DOCUMENTS = 50_000
"""From so many documents on, numpy saves more time in a search for a common word than its import takes."""


class Found(NamedTuple):
    """The matching documents of a segment, and their scores in the same order if these were needed."""

    documents: Collection[int]
    scores: Sequence[float] | ManyScores | None


FoundBySegment = dict[int, Found]
"""By the number of the segment's first document in the whole index."""


class Matches:
    """What a tree matches in each segment of an index, found once. Not thread-safe.

    A segment is given with the number of its first document in the whole index.
    """

    def __init__(self, prepare: Callable[[], Query], found: FoundBySegment | None = None) -> None:
        self._prepare = prepare
        self.found: FoundBySegment = dict(found or {})

    @cached_property
    def tree(self) -> Query:
        """The prepared tree."""
        return self._prepare()

    def documents(self, leaf: Searcher, first: int) -> Collection[int]:
        """The documents of a segment, as from `matching`."""
        if (known := self.found.get(first)) is not None:
            return known.documents
        documents = matching(self.tree, leaf)
        self.found[first] = Found(array("I", documents), None)
        return documents

    def scores(self, leaf: Searcher, first: int) -> Scores:
        """The same with their scores, as from `evaluate`."""
        known = self.found.get(first)
        if known is None or known.scores is None:
            return self._keep(first, evaluate(self.tree, leaf))
        if isinstance(known.scores, ManyScores):
            return known.scores.to_dict()
        return dict(zip(known.documents, known.scores, strict=True))

    def many_scores(self, leaf: Searcher, first: int) -> Scores:
        """The same, in a large index as `ManyScores` where that is faster."""
        scores = self.found[first].scores if first in self.found else None
        if isinstance(scores, ManyScores):
            return scores
        if scores is None and leaf.get_parent().doc_count_all() >= _LARGE_INDEX_DOCUMENTS:
            from indexer.whoosh_engine.matching.columns import score_columns  # noqa: PLC0415 — numpy, slow to import

            if (found := score_columns(self.tree, leaf)) is not None:
                self.found[first] = Found(found, found)
                return found
        return self.scores(leaf, first)

    def _keep(self, first: int, scores: Scores) -> Scores:
        self.found[first] = Found(array("I", scores.keys()), array("d", scores.values()))
        return scores


class RecentMatches:
    """The matches of recent searches by what was asked, at most `max_kept` documents in sum. Threads may share it."""

    def __init__(self, max_kept: int = MAX_KEPT) -> None:
        self._max_kept = max_kept
        self._kept: OrderedDict[Hashable, tuple[int, FoundBySegment]] = OrderedDict()
        self._count = 0
        self._lock = threading.Lock()

    def get(self, asked: Hashable) -> FoundBySegment | None:
        """What was found, or None."""
        with self._lock:
            if asked not in self._kept:
                return None
            self._kept.move_to_end(asked)
            return self._kept[asked][1]

    def keep(self, asked: Hashable, found: FoundBySegment) -> None:
        """Keep what was found, and forget what has not been asked for longest."""
        count = sum(len(one.documents) for one in found.values()) + 1
        if count > self._max_kept:
            return
        with self._lock:
            self._count += count - self._kept.pop(asked, (0, {}))[0]
            self._kept[asked] = count, found
            while self._count > self._max_kept:
                _, (gone, _) = self._kept.popitem(last=False)
                self._count -= gone
