"""Reading the postings of a word in bulk, block by block, where Whoosh's own matcher hands out one at a time."""

# ruff: noqa: SLF001 (Whoosh has no other way in, and its version is pinned)
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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


def posting_blocks(reader: Any, field: str, term: bytes) -> Iterator[PostingBlock]:
    """The postings of `term` in one segment, deleted documents included; none where the segment does not have it."""
    if (field, term) not in reader:
        return
    matcher = reader._terms.matcher(field, term, reader.schema[field].format)
    if not isinstance(matcher, W3LeafMatcher):
        yield PostingBlock(matcher._ids, matcher._weights, matcher._values)
        return
    while matcher.is_active():
        matcher._read_ids()
        _, weights, values = matcher._data
        yield PostingBlock(matcher._ids, weights, values)
        matcher._next_block()
