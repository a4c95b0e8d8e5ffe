"""Whether the words of a phrase follow each other, from their packed positions alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, islice

from indexer.whoosh_engine.positions import distances


def has_phrase(words: Sequence[tuple[bytes, int]]) -> bool:
    """Whether a document has a phrase: `words` are the packed positions of each of its words, and its place in it.

    The fewer positions the first of them has, the faster.
    """
    starts = set(_starts(*words[0]))
    for positions, place in words[1:]:
        starts.intersection_update(_starts(positions, place))
        if not starts:
            return False
    return True


def _starts(positions: bytes, place: int) -> Iterator[int]:
    """Where the phrase would begin for this word to stand in its place."""
    return islice(accumulate(distances(positions), initial=-place), 1, None)
