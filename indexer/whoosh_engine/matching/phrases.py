"""Phrase matching on packed positions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, islice

from indexer.whoosh_engine.positions import distances


def has_phrase(words: Sequence[tuple[bytes, int]]) -> bool:
    """Whether a document has a phrase: `words` are the packed positions of each of its words, and its place in it.

    It is fastest if the first word has the fewest positions.
    """
    starts = set(_starts(*words[0]))
    for positions, place in words[1:]:
        starts.intersection_update(_starts(positions, place))
        if not starts:
            return False
    return True


def _starts(positions: bytes, place: int) -> Iterator[int]:
    """Where the phrase would begin for each position of a word."""
    return islice(accumulate(distances(positions), initial=-place), 1, None)
