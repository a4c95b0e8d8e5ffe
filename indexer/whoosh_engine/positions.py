"""The position format of an index: packed, so that positions are read at the speed of C.

The positions of a word in a document are stored as distances (the first from the start of the document), all with the
same width: one byte with the value 1, 2 or 4, then the distances, little-endian. Whoosh's own format pickles a list.

An index contains pickled references to this module and its class: moving or renaming them makes existing indexes
unreadable.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice, pairwise

from whoosh.formats import Positions

MAX_NARROW, MAX_MIDDLE = 0xFF, 0xFFFF
"""The largest distances of width 1 and 2."""

_TYPE_CODES = {1: "B", 2: "H", 4: "I"}


class PackedPositions(Positions):  # type: ignore[misc]  # Whoosh has no types
    """Whoosh's format of positions, packed."""

    def encode(self, positions: Sequence[int]) -> bytes:
        """The value of a posting for the ascending `positions`."""
        distances = [after - before for before, after in pairwise((0, *positions))]
        widest = max(distances, default=0)
        width = 1 if widest <= MAX_NARROW else 2 if widest <= MAX_MIDDLE else 4
        packed = array(_TYPE_CODES[width], distances)
        if sys.byteorder == "big":
            packed.byteswap()
        return bytes([width]) + packed.tobytes()

    def decode_positions(self, value: bytes) -> list[int]:
        """The positions in the `value` of a posting."""
        return decode_positions(value)

    def decode_frequency(self, value: bytes) -> int:
        """The number of positions in the `value` of a posting."""
        return frequency(value)


def frequency(value: bytes) -> int:
    """The number of positions in the `value` of a posting."""
    return (len(value) - 1) // value[0]


def decode_positions(value: bytes) -> list[int]:
    """The positions in the `value` of a posting, ascending."""
    return list(accumulate(distances(value)))


def distances(value: bytes) -> Sequence[int]:
    """The distances between successive positions, the first from 0."""
    if value[0] == 1:
        return value[1:]
    packed = array(_TYPE_CODES[value[0]], value[1:])
    if sys.byteorder == "big":
        packed.byteswap()
    return packed


def has_phrase(words: Sequence[tuple[bytes, int]]) -> bool:
    """Whether a document has a phrase: `words` are the packed positions of each of its words, and its place in it.

    It is fastest if the first word has the fewest positions.
    """
    starts = set(_starts(*words[0]))
    for positions, place in words[1:-1]:
        starts.intersection_update(_starts(positions, place))
    return not starts.isdisjoint(_starts(*words[-1]))  # it reads no further than the first place of the phrase


def _starts(positions: bytes, place: int) -> Iterator[int]:
    """Where the phrase would begin for each position of a word."""
    return islice(accumulate(distances(positions), initial=-place), 1, None)
