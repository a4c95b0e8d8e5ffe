"""From the words of many documents to packed postings: the inner loop of indexing, in numpy.

Words are numbers here, ranked in sort order. A stable sort of all occurrences by rank brings every posting together:
its occurrences are adjacent, with documents and positions ascending. The bytes to write are computed for all at once,
pickled as Whoosh's reader unpickles its blocks.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from itertools import islice, starmap
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from whoosh.util.numeric import length_to_byte

from indexer.whoosh_engine.positions import MAX_MIDDLE, MAX_NARROW

BLOCK_POSTINGS = 128
"""Postings in one block, as in Whoosh's own writer."""

INLINED_POSTINGS = 4
"""A word in at most this many documents has its postings in the table of terms, which takes half the space."""

_PORTION_WORDS = 500_000
_PORTION_RANKS = 0xFFFF
"""Occurrences, and distinct words, sorted at a time: this bounds the memory, and 16 bits allow a radix sort."""

Numbers = NDArray[np.int64]
Bytes = NDArray[np.uint8]


class Block(NamedTuple):
    """Up to `BLOCK_POSTINGS` postings of one word, ready to be written.

    `ids`, `weights` and `values` are what pickle writes for: the document numbers (the first as it is, then distances;
    of a word with at most `INLINED_POSTINGS`, all as they are); how often the word stands in each (None for once in
    all); the packed positions (None where there are none). `shortest` and `longest` are Whoosh's bytes for the lengths
    of the documents.
    """

    postings: int
    first_document: int
    last_document: int
    occurrences: int
    most_occurrences: int
    shortest: int
    longest: int
    ids: bytes
    weights: bytes
    values: bytes


class Occurrences:
    """The terms of one field in many documents, as numbers, in the order in which they occur.

    Without `has_positions`, only the documents of a term count, and scores do not depend on their lengths; a term then
    occurs once in a document at most.
    """

    def __init__(self, *, has_positions: bool = True) -> None:
        self._has_positions = has_positions
        self._numbering = _Numbering()
        self._found = array("I")
        self._positions = array("I")
        self._lengths = array("I")
        self._ended = 0

    def numbered(self, terms: Iterable[bytes]) -> array[int]:
        """The number of each of `terms`."""
        return array("I", map(self._numbering.__getitem__, terms))

    def add(self, numbers: array[int], positions: array[int] | None = None) -> None:
        """Add terms, by number, to the next document; a field has `positions` for all terms, or counts them."""
        self._found.extend(numbers)
        if positions is not None:
            self._positions.extend(positions)

    def end_document(self) -> int:
        """End the next document; returns the number of terms in it."""
        length = len(self._found) - self._ended
        self._ended += length
        self._lengths.append(length)
        return length

    def packed(self) -> Iterator[tuple[bytes, list[Block]]]:
        """All terms in byte order, with their blocks; they are then forgotten."""
        if not self._numbering:
            return
        terms = sorted(self._numbering)
        ranks = np.empty(len(terms), dtype=np.uint32)
        ranks[[self._numbering[term] for term in terms]] = np.arange(len(terms), dtype=np.uint32)
        self._numbering.clear()
        found = ranks[np.frombuffer(self._found, dtype=np.uint32)]
        del self._found[:]
        blocks = pack(
            found,
            different=len(terms),
            lengths=np.frombuffer(self._lengths, dtype=np.uint32),
            positions=np.frombuffer(self._positions, dtype=np.uint32) if self._positions else None,
            has_positions=self._has_positions,
        )
        yield from zip(terms, blocks, strict=True)


class _Numbering(dict[bytes, int]):
    """Term -> its number, in order of first occurrence."""

    def __missing__(self, term: bytes) -> int:
        self[term] = number = len(self)
        return number


def pack(
    ranks: NDArray[np.uint32],
    *,
    different: int,
    lengths: NDArray[np.uint32],
    positions: NDArray[np.uint32] | None = None,
    has_positions: bool = True,
) -> Iterator[list[Block]]:
    """The blocks of each word, in order of rank.

    `ranks` are the words of all documents, one after the other, each below `different`; `lengths` has the number of
    words of each document. `positions` has the position of each, if they are not counted from 0 in each document.
    Without `has_positions`, the blocks have none, and no lengths of documents.
    """
    word_counts = lengths.astype(np.int64)
    starts = np.cumsum(word_counts) - word_counts
    documents = np.repeat(np.arange(len(word_counts), dtype=np.uint32), word_counts)
    length_codes = np.zeros(len(lengths), dtype=np.uint8)
    if has_positions:
        length_codes[:] = list(map(length_to_byte, lengths.tolist()))
    ends = np.cumsum(np.bincount(ranks, minlength=different))
    first = 0
    while first < different:
        done = int(ends[first - 1]) if first else 0
        last = int(np.searchsorted(ends, done + _PORTION_WORDS, side="right"))
        last = min(max(last, first + 1), first + _PORTION_RANKS, different)
        chosen = np.flatnonzero((ranks >= first) & (ranks < last))
        keys = (ranks[chosen] - np.uint32(first)).astype(np.uint16)
        by_rank = np.argsort(keys, kind="stable")
        chosen = chosen[by_rank]
        documents_of = documents[chosen].astype(np.int64)
        places = chosen - starts[documents_of] if positions is None else positions[chosen].astype(np.int64)
        yield from _Portion(keys[by_rank], documents_of, places if has_positions else None, length_codes).blocks()
        first = last


class _Portion:
    """The postings of consecutive words. An occurrence is a word at a position; a posting is all of one document.

    Without `positions`, each occurrence is a posting.
    """

    def __init__(
        self, keys: NDArray[np.uint16], documents: Numbers, positions: Numbers | None, length_codes: Bytes
    ) -> None:
        new_word = np.ones(len(keys), dtype=bool)
        np.not_equal(keys[1:], keys[:-1], out=new_word[1:])
        new_posting = new_word.copy()
        new_posting[1:] |= documents[1:] != documents[:-1]
        self._posting_starts = np.flatnonzero(new_posting)
        self._documents = documents[self._posting_starts]
        self._frequencies = np.diff(self._posting_starts, append=len(keys))
        self._distances: Numbers | None = None
        if positions is not None:
            self._distances = np.diff(positions, prepend=0)
            self._distances[self._posting_starts] = positions[self._posting_starts]
        self._word_starts = np.flatnonzero(new_word[self._posting_starts])
        self._length_codes = length_codes[self._documents]

    def blocks(self) -> Iterator[list[Block]]:
        """The blocks of each word."""
        total = len(self._documents)
        counts = np.diff(self._word_starts, append=total)
        place_in_word = np.arange(total) - np.repeat(self._word_starts, counts)
        block_starts = np.flatnonzero(place_in_word % BLOCK_POSTINGS == 0)
        block_ends = np.append(block_starts[1:], total)
        ids, id_ends = self._pickled_ids(
            (place_in_word % BLOCK_POSTINGS == 0) | np.repeat(counts <= INLINED_POSTINGS, counts)
        )
        sizes = block_ends - block_starts
        blocks_of_word = -(-counts // BLOCK_POSTINGS)
        most = np.maximum.reduceat(self._frequencies, block_starts)
        bytes_of_frequencies = np.minimum(self._frequencies, 0xFF).astype(np.uint8).tobytes()
        columns = zip(
            sizes.tolist(),
            self._documents[block_starts].tolist(),
            self._documents[block_ends - 1].tolist(),
            np.add.reduceat(self._frequencies, block_starts).tolist(),
            most.tolist(),
            np.minimum.reduceat(self._length_codes, block_starts).tolist(),
            np.maximum.reduceat(self._length_codes, block_starts).tolist(),
            _slices(ids, id_ends, block_ends),
            self._pickled_weights(bytes_of_frequencies, block_starts, block_ends, most),
            _no_values(sizes.tolist(), np.repeat(counts, blocks_of_word).tolist())
            if self._distances is None
            else _slices(*self._pickled_values(self._distances), block_ends),
            strict=True,
        )
        blocks = starmap(Block, columns)
        for count in blocks_of_word.tolist():
            yield list(islice(blocks, count))

    def _pickled_ids(self, as_they_are: NDArray[np.bool_]) -> tuple[bytes, Numbers]:
        """Each document number, or its distance, as pickle writes an int, and where each ends."""
        steps = np.diff(self._documents, prepend=0)
        steps[as_they_are] = self._documents[as_they_are]
        sizes = np.where(steps <= MAX_NARROW, 2, np.where(steps <= MAX_MIDDLE, 3, 5))
        ends = np.cumsum(sizes)
        out = np.empty(int(ends[-1]), dtype=np.uint8)
        at = ends - sizes
        out[at] = np.select([sizes == 2, sizes == 3], [ord("K"), ord("M")], ord("J"))  # noqa: PLR2004 — bytes
        _scatter(out, at + 1, steps, sizes - 1)
        return out.tobytes(), ends

    def _pickled_values(self, distances: Numbers) -> tuple[bytes, Numbers]:
        """The packed positions (`positions`) of each posting as pickle writes bytes, and where each ends."""
        widest = np.maximum.reduceat(distances, self._posting_starts)
        widths = np.where(widest <= MAX_NARROW, 1, np.where(widest <= MAX_MIDDLE, 2, 4))
        sizes = 1 + widths * self._frequencies
        heads = np.where(sizes <= MAX_NARROW, 2, 5)
        ends = np.cumsum(heads + sizes)
        out = np.empty(int(ends[-1]), dtype=np.uint8)
        at = ends - heads - sizes
        out[at] = np.where(heads == 2, ord("C"), ord("B"))  # noqa: PLR2004 — bytes
        _scatter(out, at + 1, sizes, heads - 1)
        at += heads
        out[at] = widths
        width_of_each = np.repeat(widths, self._frequencies)
        first_of_each = np.repeat(at + 1 - widths * self._posting_starts, self._frequencies)
        _scatter(out, first_of_each + width_of_each * np.arange(len(distances)), distances, width_of_each)
        return out.tobytes(), ends

    def _pickled_weights(self, frequencies: bytes, starts: Numbers, ends: Numbers, most: Numbers) -> Iterator[bytes]:
        """The frequencies in the documents of a block: None if all are 1, bytes if they fit, otherwise ints."""
        for start, end, highest in zip(starts.tolist(), ends.tolist(), most.tolist(), strict=True):
            if highest == 1:
                yield b"N"
            elif highest <= MAX_NARROW:
                yield b"C%c%b" % (end - start, frequencies[start:end])
            else:
                exact = self._frequencies[start:end].astype("<i4").tobytes()
                yield b"(%bt" % b"".join(b"J" + exact[at : at + 4] for at in range(0, len(exact), 4))


def _scatter(out: Bytes, at: Numbers, numbers: Numbers, widths: Numbers) -> None:
    """Write each of `numbers` at its place in `out`, little-endian, with its own width of 1, 2 or 4 bytes."""
    out[at] = numbers & 0xFF
    for byte in (1, 2, 3):
        wider = np.flatnonzero(widths > byte)
        if not len(wider):
            return
        out[at[wider] + byte] = numbers[wider] >> (8 * byte) & 0xFF


def _slices(data: bytes, item_ends: Numbers, block_ends: Numbers) -> Iterator[bytes]:
    start = 0
    for end in item_ends[block_ends - 1].tolist():
        yield b"(%bt" % data[start:end]
        start = end


def _no_values(sizes: Iterable[int], postings: Iterable[int]) -> Iterator[bytes]:
    """What blocks of `sizes`, each of a term with so many `postings`, have in place of positions.

    Whoosh reads a posting in the table of terms with another matcher, which requires even an empty value.
    """
    for size, of_term in zip(sizes, postings, strict=True):
        yield b"(%bt" % (b"C\0" * size) if of_term <= INLINED_POSTINGS else b"N"
