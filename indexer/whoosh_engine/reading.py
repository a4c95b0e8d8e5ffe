"""Reading the postings of a word in bulk, block by block, where Whoosh's own matcher hands out one at a time."""

# ruff: noqa: SLF001 (Whoosh has no other way in, and its version is pinned)
from __future__ import annotations

import pickle
import sys
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from whoosh.codec.whoosh3 import W3LeafMatcher


@dataclass(frozen=True, slots=True)
class PostingBlock:
    """Postings of one word: document numbers ascending, how often it stands in each, and each one's encoded value.

    Weights and values are None where a field has none: every weight is then 1.
    """

    documents: Sequence[int]
    weights: Sequence[float] | None
    values: Sequence[bytes] | None


def numbers(column: Any, count: int) -> array[int]:
    """The numbers of the first `count` documents in a column of numbers, which Whoosh reads one by one."""
    stored = min(column._count, count)
    found = array(column._typecode, bytes(column._dbfile.get(column._basepos, stored * column._fixedlen)))
    if sys.byteorder == "little":
        found.byteswap()
    found.extend(array(column._typecode, [column._default]) * (count - stored))
    return found


def posting_blocks(
    reader: Any, field: str, term: bytes, *, among: Sequence[int] | None = None, with_values: bool = True
) -> Iterator[PostingBlock]:
    """The postings of `term` in one segment, deleted documents included; none where the segment does not have it.

    Blocks that hold none of the documents `among`, ascending, may be left out: they are not even unpacked. Without
    `with_values` the values may be None: in a large block they take most of the time.
    """
    if (field, term) not in reader:
        return
    matcher = reader._terms.matcher(field, term, reader.schema[field].format)
    if not isinstance(matcher, W3LeafMatcher):
        yield PostingBlock(matcher._ids, matcher._weights, matcher._values)
        return
    first = 0
    while matcher.is_active():
        if among is not None:
            last = bisect_right(among, matcher._maxid, first)
            if last == first:
                if last == len(among):
                    return
                matcher._next_block()
                continue
            first = last
        yield PostingBlock(*_read_block(matcher, with_values=with_values))
        matcher._next_block()


def _read_block(matcher: W3LeafMatcher, *, with_values: bool) -> tuple[Any, Any, Any]:
    data = matcher._postfile.get(matcher._dataoffset, matcher._nextoffset - matcher._dataoffset)
    head_bytes = matcher._compression
    if head_bytes > 1 and not with_values:  # a block of our own writer (`postings`), not of Whoosh's
        steps, weights = pickle.loads(zlib.decompressobj().decompress(data, head_bytes) + b"\x86.")  # noqa: S301
        return list(accumulate(steps)), weights, None
    steps, weights, values = pickle.loads(zlib.decompress(data) if head_bytes else data)  # noqa: S301
    return list(accumulate(steps)), weights, values
