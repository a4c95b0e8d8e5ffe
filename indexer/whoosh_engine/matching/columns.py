"""Scores of a word, or of any of several words, for all documents of a segment at once, in numpy.

Most of a search for a common word is the work on one Python object per match. Importing numpy takes longer than a
search in a small index, so only searches of large ones use it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh.query import And, Or, Query, Term

from indexer.whoosh_engine.matching.scores import Bm25
from indexer.whoosh_engine.matching.sets import DocumentSet, ManyScores
from indexer.whoosh_engine.reading import encoded, posting_blocks

SKIPPED_FROM = 128
"""With fewer than one of so many documents selected, most blocks of postings need not be read (Whoosh's block size)."""

Documents = NDArray[np.int64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


class ScoreColumns(ManyScores):
    """Document numbers of a segment, ascending, with a score each."""

    def __init__(self, documents: Documents, scores: Floats) -> None:
        self._documents = documents
        self._scores = scores

    def __getitem__(self, document: int) -> float:
        place = int(np.searchsorted(self._documents, document))
        if place == len(self._documents) or self._documents[place] != document:
            raise KeyError(document)
        return float(self._scores[place])

    def __iter__(self) -> Iterator[int]:
        return iter(self._documents.tolist())

    def __len__(self) -> int:
        return len(self._documents)

    def foremost(self, count: int) -> list[int]:
        """See `ManyScores.foremost`."""
        last = len(self._scores) - count
        least = np.partition(self._scores, last)[last]
        found: list[int] = self._documents[self._scores >= least].tolist()
        return found

    def to_dict(self) -> dict[int, float]:
        """See `ManyScores.to_dict`."""
        return dict(zip(self._documents.tolist(), self._scores.tolist(), strict=True))

    def distinct(self, column: Sequence[int]) -> int:
        """See `ManyScores.distinct`."""
        return len(np.unique(np.asarray(column)[self._documents]))


def score_columns(tree: Query, searcher: Any) -> ScoreColumns | None:
    """What `evaluate` finds for `tree` in one segment, with equal scores.

    None if `evaluate` is faster for this tree, or the only way: the tree has to be a word, any of several, or one of
    these within sets of documents.
    """
    parts = tree.subqueries if isinstance(tree, And) else [tree]
    words = [part for part in parts if not isinstance(part, DocumentSet)]
    if len(words) != 1 or not _has_words_alone(words[0]):
        return None
    matches = np.ones(searcher.doc_count_all(), dtype=bool)
    scores = np.zeros(len(matches), dtype=np.float64)
    in_sets = {id(part): _in_set(part, searcher, len(matches)) for part in parts if isinstance(part, DocumentSet)}
    for selected, _ in in_sets.values():
        matches &= selected
    if np.count_nonzero(matches) * SKIPPED_FROM < len(matches):
        return None
    for part in parts:  # in this order, as for `evaluate`, so that sums are exactly equal
        selected, of_part = in_sets.get(id(part)) or _any_of_words(part, searcher, len(matches))
        matches &= selected
        scores += of_part
    reader = searcher.reader()
    if reader.has_deletions():
        matches[np.fromiter(reader.segment().deleted_docs(), dtype=np.int64)] = False
    documents = np.flatnonzero(matches)
    return ScoreColumns(documents, scores[documents])


def _has_words_alone(tree: Query) -> bool:
    return isinstance(tree, Term) or (isinstance(tree, Or) and all(map(_has_words_alone, tree.subqueries)))


def _in_set(part: DocumentSet, searcher: Any, count: int) -> tuple[Flags, Floats]:
    """Which of `count` documents are in a set, and their scores."""
    found = part.scores(searcher, None)
    flags = np.zeros(count, dtype=bool)
    documents = np.fromiter(found, dtype=np.int64, count=len(found))
    flags[documents] = True
    return flags, np.where(flags, next(iter(found.values()), 0.0), 0.0)


def _any_of_words(tree: Query, searcher: Any, count: int) -> tuple[Flags, Floats]:
    """Which of `count` documents have a word of `tree`, and their scores."""
    flags, scores = np.zeros(count, dtype=bool), np.zeros(count, dtype=np.float64)
    for part in [tree] if isinstance(tree, Term) else tree.subqueries:
        if isinstance(part, Term):
            term = encoded(part.text)
            documents, weights = _postings(searcher.reader(), part.fieldname, term)
            if len(documents):
                flags[documents] = True
                scores[documents] += Bm25(searcher, part.fieldname, term).array(documents, weights)
        else:
            of_part = _any_of_words(part, searcher, count)
            flags |= of_part[0]
            scores += of_part[1]
    return flags, scores


def _postings(reader: Any, field: str, term: bytes) -> tuple[Documents, Floats]:
    """The documents of a segment that contain `term`, deleted ones included, and how often each does."""
    blocks = list(posting_blocks(reader, field, term, with_values=False))
    count = sum(len(block.documents) for block in blocks)
    documents = chain.from_iterable(block.documents for block in blocks)
    weights = chain.from_iterable(block.weights or b"\1" * len(block.documents) for block in blocks)
    return np.fromiter(documents, np.int64, count), np.fromiter(weights, np.float64, count)
