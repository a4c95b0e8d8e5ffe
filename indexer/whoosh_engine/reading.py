"""Reading the postings of a word in bulk, block by block, while Whoosh's matcher returns one at a time."""

# ruff: noqa: SLF001 — Whoosh has no other way in, and its version is pinned
from __future__ import annotations

import pickle
import sys
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from whoosh.codec.whoosh3 import W3LeafMatcher

from archiver.startup.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class PostingBlock:
    """Postings of one word: document numbers ascending, frequencies, and encoded values.

    Weights and values are None if a field has none; every weight is then 1.
    """

    documents: Sequence[int]
    weights: Sequence[float] | None
    values: Sequence[bytes] | None


def numbers(column: Any, count: int) -> array[int]:
    """The numbers of the first `count` documents in a number column, which Whoosh reads one by one."""
    stored = min(column._count, count)
    found = array(column._typecode, bytes(column._dbfile.get(column._basepos, stored * column._fixedlen)))
    if sys.byteorder == "little":
        found.byteswap()
    found.extend(array(column._typecode, [column._default]) * (count - stored))
    return found


def encoded(term: str | bytes) -> bytes:
    """A term as Whoosh stores it."""
    return term if isinstance(term, bytes) else term.encode()


def posting_blocks(
    reader: Any, field: str, term: bytes, *, candidates: Sequence[int] | None = None, with_values: bool = True
) -> Iterator[PostingBlock]:
    """The postings of `term` in one segment, including deleted documents; empty if it does not occur.

    Blocks that contain none of the ascending documents `candidates` may be skipped without being decompressed. Without
    `with_values`, the values may be None, as they take most of the time in a large block.
    """
    if (field, term) not in reader:
        return
    matcher = reader._terms.matcher(field, term, reader.schema[field].format)
    if not isinstance(matcher, W3LeafMatcher):
        yield PostingBlock(matcher._ids, matcher._weights, matcher._values)
        return
    first = 0
    while matcher.is_active():
        if candidates is not None:
            last = bisect_right(candidates, matcher._maxid, first)
            if last == first:
                if last == len(candidates):
                    return
                matcher._next_block()
                continue
            first = last
        yield PostingBlock(*_read_block(matcher, with_values=with_values))
        matcher._next_block()


def _read_block(matcher: W3LeafMatcher, *, with_values: bool) -> tuple[Any, Any, Any]:
    data = matcher._postfile.get(matcher._dataoffset, matcher._nextoffset - matcher._dataoffset)
    head_bytes = matcher._compression
    if head_bytes > 1 and not with_values:  # a block from our own writer (`postings`), not Whoosh's
        steps, weights = pickle.loads(zlib.decompressobj().decompress(data, head_bytes) + b"\x86.")  # noqa: S301 — our own file
        return list(accumulate(steps)), weights, None
    steps, weights, values = pickle.loads(zlib.decompress(data) if head_bytes else data)  # noqa: S301 — as above
    return list(accumulate(steps)), weights, values
