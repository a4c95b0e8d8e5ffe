"""Writing terms and postings for Whoosh's own readers: the files ``.trm`` and ``.pst`` of a segment.

The format is that of `whoosh.codec.whoosh3`, with simpler writing: blocks are pickled with protocol 3, which supports
bytes, where Whoosh uses 2; blocks are compressed only where that pays; a word in few documents has its postings in the
table of terms.
"""

from __future__ import annotations

import struct
import zlib
from array import array
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from isal import isal_zlib
from whoosh.codec.whoosh3 import WHOOSH3_HEADER_MAGIC, W3Codec
from whoosh.filedb.filetables import HashWriter, OrderedHashWriter
from whoosh.util.numeric import length_to_byte

from indexer.whoosh_engine.storage.packing import INLINED_POSTINGS, Block

_COMPRESSED_FROM_BYTES = 256
"""Compressing smaller blocks gains almost nothing and takes longer than everything else done for them."""

COMPRESSION = 1
"""The level of ISA-L's zlib: as small as zlib's own lowest level, in half the time."""

_CRC32 = 1
"""Whoosh's number for this hash; its default, MD5, takes ten times as long."""

_PICKLE_HEAD = b"\x80\x03"
# A pickled tuple: postings, last document, highest weight, compression, Whoosh's bytes of shortest and longest. Whoosh
# only checks whether the compression is 0; here it is the length of what precedes the values, so that those can be
# skipped.
_BLOCK_INFO = struct.Struct("<4sBcicicHcBcB2s")
_BLOCK_LENGTH = struct.Struct(">i")
# W3TermInfo: inlined?, weight, documents, shortest, longest, highest weight, first and last document
_TERM_INFO = struct.Struct("!BfIBBfII")
_EXTENT = struct.Struct("!qi")
_KEY_AND_VALUE_LENGTHS = struct.Struct("!ii")
_FIELD_NUMBER = struct.Struct("!H")
_SLOT = np.dtype([("hash", ">u4"), ("place", ">i8")])
_BUCKETS = 256


class TermWriter:
    """Writes the terms of a segment with their postings, by field, and within a field in byte order."""

    def __init__(self, storage: Any, segment: Any) -> None:
        self._table = _TermTable(segment.create_file(storage, W3Codec.TERMS_EXT))
        self._fields: dict[str, int] = self._table.extras.setdefault("fieldmap", {})
        self._postings = segment.create_file(storage, W3Codec.POSTS_EXT)
        self._written = 0
        self._key = b""

    def start_field(self, name: str) -> None:
        """Begin a field. Fields come in the order of their names."""
        self._key = _FIELD_NUMBER.pack(self._fields.setdefault(name, len(self._fields)))

    def add(self, term: bytes, blocks: Sequence[Block]) -> None:
        """Write the postings of `term`: at least one block, with documents ascending."""
        first = blocks[0]
        is_inlined = len(blocks) == 1 and first.postings <= INLINED_POSTINGS
        if is_inlined:
            place = _data(first)
        else:
            encoded = [_encoded(block) for block in blocks[:-1]]
            encoded.append(_encoded(blocks[-1], is_last=True))
            data = WHOOSH3_HEADER_MAGIC + b"".join(encoded)
            self._postings.write(data)
            place = _EXTENT.pack(self._written, len(data))
            self._written += len(data)
        whole = first if len(blocks) == 1 else _summed(blocks)
        info = _TERM_INFO.pack(
            is_inlined,
            whole.occurrences,
            whole.postings,
            whole.shortest,
            whole.longest,
            whole.most_occurrences,
            whole.first_document,
            whole.last_document,
        )
        self._table.add(self._key + term, info + place)

    def close(self) -> None:
        """Finish and close both files."""
        self._table.close()
        self._postings.close()


def _summed(blocks: Sequence[Block]) -> Block:
    """The totals of `blocks`, without their postings."""
    return Block(
        postings=sum(block.postings for block in blocks),
        first_document=blocks[0].first_document,
        last_document=blocks[-1].last_document,
        occurrences=sum(block.occurrences for block in blocks),
        most_occurrences=max(block.most_occurrences for block in blocks),
        shortest=min(block.shortest for block in blocks),
        longest=max(block.longest for block in blocks),
        ids=b"",
        weights=b"",
        values=b"",
    )


def _encoded(block: Block, *, is_last: bool = False) -> bytes:
    """A block as it is written to the file."""
    data = _data(block)
    compressed_head = 0
    if len(data) >= _COMPRESSED_FROM_BYTES:
        compressed_head = len(_PICKLE_HEAD) + len(block.ids) + len(block.weights)
        data = isal_zlib.compress(data, COMPRESSION)
    info = _BLOCK_INFO.pack(
        b"\x80\x03(K", block.postings, b"J", block.last_document, b"J", block.most_occurrences,
        b"M", compressed_head, b"K", block.shortest, b"K", block.longest, b"t.",
    )  # fmt: skip
    length = len(info) + len(data)
    return _BLOCK_LENGTH.pack(-length if is_last else length) + info + data


def block_of(
    documents: Sequence[int],
    weights: Sequence[float],
    values: Sequence[bytes],
    lengths: Sequence[int],
    *,
    is_inlined: bool,
) -> Block:
    """A block of up to `BLOCK_POSTINGS` postings: document, weight, value and length of the document.

    `is_inlined` if these are all postings of a word, at most `INLINED_POSTINGS`.
    """
    steps = documents if is_inlined else [documents[0], *(after - before for before, after in pairwise(documents))]
    counts = [int(weight) for weight in weights]
    most = max(counts)
    length_codes = [length_to_byte(length) for length in lengths]
    return Block(
        postings=len(documents),
        first_document=documents[0],
        last_document=documents[-1],
        occurrences=sum(counts),
        most_occurrences=most,
        shortest=min(length_codes),
        longest=max(length_codes),
        ids=_pickled_tuple(map(_pickled_int, steps)),
        weights=b"N" if most == 1 else _pickled_tuple(map(_pickled_int, counts)),
        # Whoosh reads a posting in the table of terms with another matcher, which requires even an empty value
        values=_pickled_tuple(map(_pickled_bytes, values)) if any(values) or is_inlined else b"N",
    )


def _data(block: Block) -> bytes:
    """The postings of a block, pickled: a tuple of three."""
    return b"%b%b%b%b\x87." % (_PICKLE_HEAD, block.ids, block.weights, block.values)


def _pickled_tuple(items: Iterable[bytes]) -> bytes:
    return b"(%bt" % b"".join(items)


def _pickled_int(number: int) -> bytes:
    return b"J" + number.to_bytes(4, "little")


def _pickled_bytes(data: bytes) -> bytes:
    return b"B" + len(data).to_bytes(4, "little") + data


class _TermTable(OrderedHashWriter):  # type: ignore[misc]  # Whoosh has no types
    """Whoosh's table of terms, hashed by CRC-32, with hash tables computed at once instead of slot by slot."""

    def __init__(self, file: Any) -> None:
        HashWriter.__init__(self, file, hashtype=_CRC32)
        self._at = file.tell()
        self._keys = array("Q")
        self._hashes = array("I")
        self._last = b""

    def add(self, key: bytes, value: bytes) -> None:
        """Write one entry. Keys must be ascending."""
        if key <= self._last:
            raise ValueError(f"terms must ascend: {key!r} after {self._last!r}")
        self._last = key
        self._keys.append(self._at)
        self._hashes.append(zlib.crc32(key))
        entry = _KEY_AND_VALUE_LENGTHS.pack(len(key), len(value)) + key + value
        self.dbfile.write(entry)
        self._at += len(entry)

    def _write_hashes(self) -> None:
        """256 open-addressing tables, 80 % full. A key is in its own slot or the first free one after it."""
        hashes = np.frombuffer(self._hashes, dtype=np.uint32)
        keys = np.frombuffer(self._keys, dtype=np.uint64)
        for bucket in range(_BUCKETS):
            chosen = np.flatnonzero((hashes & (_BUCKETS - 1)) == bucket)
            self.directory.append((self._at, _slots(len(chosen))))
            if len(chosen):
                table = _hash_table(hashes[chosen], keys[chosen])
                self.dbfile.write(table)
                self._at += len(table)

    def _write_extras(self) -> None:
        """The map of fields, then the positions of all keys in order."""
        type_code, places = ("I", ">u4") if self._at < 1 << 32 else ("q", ">i8")
        self.extras |= {"indextype": type_code, "indexlen": len(self._keys)}
        HashWriter._write_extras(self)  # noqa: SLF001 — Whoosh's subclass does the same
        self.dbfile.write(np.frombuffer(self._keys, dtype=np.uint64).astype(places).tobytes())


def _slots(keys: int) -> int:
    return keys + -(-keys // 4)


def _hash_table(hashes: Any, places: Any) -> bytes:
    slots = _slots(len(hashes))
    wanted = (hashes >> 8) % slots
    order = np.argsort(wanted, kind="stable")
    # in the order of the preferred slots, each gets its own or the one after its predecessor's
    counted = np.arange(len(hashes))
    taken = np.maximum.accumulate(wanted[order].astype(np.int64) - counted) + counted
    fitting = int(np.searchsorted(taken, slots))
    table = np.zeros(slots, dtype=_SLOT)
    table["hash"][taken[:fitting]] = hashes[order[:fitting]]
    table["place"][taken[:fitting]] = places[order[:fitting]]
    free = np.flatnonzero(table["place"] == 0)[: len(hashes) - fitting]  # beyond the end a search goes on at the start
    table["hash"][free] = hashes[order[fitting:]]
    table["place"][free] = places[order[fitting:]]
    return table.tobytes()
