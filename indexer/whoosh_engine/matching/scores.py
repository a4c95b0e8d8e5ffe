"""Whoosh's BM25F for many documents of a segment at once, with exactly equal results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from whoosh.searching import Searcher
from whoosh.util.numeric import byte_to_length

_TABLE_DOCUMENTS = 1_000
"""For more documents, looking scores up is faster than computing each."""


def length_levels(searcher: Searcher, field: str) -> Sequence[float]:
    """What BM25F adds to a weight in `field` of the whole index, by Whoosh's byte for the field's length."""
    average, weighting = searcher.avg_field_length(field) or 1, searcher.weighting
    return [weighting.K1 * ((1 - weighting.B) + weighting.B * byte_to_length(code) / average) for code in range(256)]


class Bm25:
    """The scores of one term in the segment of `searcher`, with the statistics of the whole index."""

    def __init__(self, searcher: Searcher, field: str, term: bytes) -> None:
        self._is_scored = searcher.schema[field].scorable
        if not self._is_scored:
            return
        whole, weighting = searcher.get_parent(), searcher.weighting
        self._idf = whole.idf(field, term)
        self._gain = weighting.K1 + 1
        self._levels = whole.length_levels(field)
        self._length_codes = searcher.length_codes(field)
        self._tables = whole.score_tables(field)

    def scores(self, weights: Mapping[int, float]) -> dict[int, float]:
        """The score of each document from the frequency of the term; without scores, that frequency itself."""
        return dict(zip(weights, self.column(weights, weights), strict=True))

    def column(self, documents: Iterable[int], weights: Mapping[int, float]) -> list[float]:
        """The same for some of the documents, in order."""
        if not self._is_scored:
            return [weights[document] for document in documents]
        idf, gain, levels, codes = self._idf, self._gain, self._levels, self._length_codes
        if len(weights) > _TABLE_DOCUMENTS:
            table = self._tables.setdefault(
                idf, ScoreTable(lambda weight: [idf * ((weight * gain) / (weight + level)) for level in levels])
            )
            return [table[weights[document]][codes[document]] for document in documents]
        return [
            idf * (((weight := weights[document]) * gain) / (weight + levels[codes[document]]))
            for document in documents
        ]

    def array(self, documents: Any, weights: Any) -> Any:
        """The same for numpy arrays of documents and of the frequencies of the term in them."""
        import numpy as np  # noqa: PLC0415 — for large indexes alone

        if not self._is_scored:
            return weights
        level = np.asarray(self._levels)[np.asarray(self._length_codes)[documents]]
        return self._idf * ((weights * self._gain) / (weights + level))


class ScoreTable(dict[float, list[float]]):
    """Scores by weight and length; many documents have few distinct ones."""

    def __init__(self, of_weight: Callable[[float], list[float]]) -> None:
        super().__init__()
        self._of_weight = of_weight

    def __missing__(self, weight: float) -> list[float]:
        found = self[weight] = self._of_weight(weight)
        return found
