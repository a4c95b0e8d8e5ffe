"""From entries to a segment: one file with postings and columns of many documents, for Whoosh's readers.

A segment is built in its own folder, in any process, and belongs to no index until `publishing` has moved it.
"""

from __future__ import annotations

import contextlib
import pickle
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from isal import isal_zlib
from whoosh.codec.whoosh3 import W3Codec
from whoosh.columns import VarBytesColumn
from whoosh.index import _DEF_INDEX_NAME as INDEX_NAME
from whoosh.util.numeric import length_to_byte

from archiver.store.durable import fsync_file
from archiver.words import encoded_words
from indexer.entries import IndexEntry
from indexer.fields import document_of
from indexer.whoosh_engine.fields import ExactField, NamesField, SectionsField, WordsField, schema
from indexer.whoosh_engine.folder import FolderStorage
from indexer.whoosh_engine.storage.commits import Checksum, Segment, segment_file
from indexer.whoosh_engine.storage.packing import BLOCK_POSTINGS, INLINED_POSTINGS, Occurrences
from indexer.whoosh_engine.storage.postings import COMPRESSION, TermWriter, block_of

_PIECE_CHARS = 4_000_000

TermPosting = tuple[int, float, bytes, int]
"""The number of a document, the weight of a term in it, the encoded value, the length of the field."""


class SegmentFile:
    """A segment being written to the empty folder `folder`: first the columns of its documents, then its terms.

    The columns are laid out as by `whoosh.codec.whoosh3`, whose own writer takes most of the time of a small document.
    """

    def __init__(self, folder: Path) -> None:
        self.schema = schema()
        self.documents = 0
        self._storage = FolderStorage(str(folder))
        self._segment = W3Codec().new_segment(self._storage, INDEX_NAME)
        fields = self.schema.items()
        self._stored_names = [name for name, field in fields if field.stored]
        self._stored_file = self._column_file("_stored")
        self._stored = VarBytesColumn().writer(self._stored_file)
        self._numbers = {
            name: array(field.column_type._typecode)  # noqa: SLF001 — Whoosh has no other way in
            for name, field in fields
            if field.column_type
        }
        self._lengths = {name: array("B") for name, field in fields if field.scorable}
        self._total_lengths = dict.fromkeys(self._lengths, 0)

    def add(self, values: Mapping[str, Any], length_of: Callable[[str], int]) -> None:
        """Write the columns of the next document; `length_of` returns the length of a field in words."""
        stored = pickle.dumps({name: values[name] for name in self._stored_names}, 2)
        self._stored.add(self.documents, isal_zlib.compress(stored, COMPRESSION))
        for name, numbers in self._numbers.items():
            numbers.append(values[name])
        for name, lengths in self._lengths.items():
            length = length_of(name)
            lengths.append(length_to_byte(length))
            self._total_lengths[name] += length
        self.documents += 1

    def correct_length(self, name: str, words: int) -> None:
        """Add `words` to the total length of a field, which scores depend on."""
        self._total_lengths[name] += words

    def finish(self, write_terms: Callable[[TermWriter], None]) -> Segment:
        """Write the terms and finish the segment, durably."""
        self._write_columns()
        terms = TermWriter(self._storage, self._segment)
        write_terms(terms)
        terms.close()
        self._segment.set_doc_count(self.documents)
        self._segment.create_compound_file(self._storage)
        path = Path(self._storage.folder) / segment_file(self._segment)
        fsync_file(path)
        return Segment(self._segment, path, Checksum.of_file(path))

    def discard(self) -> None:
        """Close the file of an unfinished segment. Its folder is deleted with the parent folder."""
        if not self._stored_file.is_closed:
            with contextlib.suppress(OSError):  # a full disk does not take what is still in memory, nor need it
                self._stored_file.close()

    def _write_columns(self) -> None:
        self._stored.finish(self.documents)
        self._stored_file.close()
        lengths = {f"_{name}_len": lengths for name, lengths in self._lengths.items() if self._total_lengths[name]}
        for name, numbers in (self._numbers | lengths).items():
            file = self._column_file(name)
            file.write_array(numbers[: _size_without_zeros(numbers)])
            file.close()
        self._segment._fieldlengths = {name: total for name, total in self._total_lengths.items() if total}  # noqa: SLF001 — as above

    def _column_file(self, name: str) -> Any:
        return self._storage.create_file(W3Codec.column_filename(self._segment, name))


def _size_without_zeros(numbers: array[int]) -> int:
    """How many of `numbers` there are up to the last that is not 0; Whoosh reads those that a column lacks as 0."""
    found = np.flatnonzero(np.frombuffer(numbers, dtype=numbers.typecode))
    return int(found[-1]) + 1 if len(found) else 0


class SegmentBuilder:
    """Collects entries in memory and writes them as one segment to the empty folder `folder`."""

    def __init__(self, folder: Path) -> None:
        self._file = SegmentFile(folder)
        self._terms: dict[str, _Terms] = {
            name: _TERMS[type(field)](field) for name, field in self._file.schema.items() if field.indexed
        }

    def add(self, entry: IndexEntry) -> None:
        """Add one entry."""
        values = document_of(entry)
        lengths = {name: terms.add(values[name]) for name, terms in self._terms.items()}
        self._file.add(values, lengths.__getitem__)

    def finish(self) -> Segment:
        """Write the segment, durably."""
        return self._file.finish(self._write_terms)

    def discard(self) -> None:
        """Discard the segment."""
        self._file.discard()

    def _write_terms(self, terms: TermWriter) -> None:
        for name in sorted(self._terms):
            terms.start_field(name)
            self._terms[name].write(terms)


def write_term(terms: TermWriter, term: bytes, postings: Sequence[TermPosting]) -> None:
    """Write `term` with its `postings` in blocks."""
    parts = (postings[start : start + BLOCK_POSTINGS] for start in range(0, len(postings), BLOCK_POSTINGS))
    is_inlined = len(postings) <= INLINED_POSTINGS
    terms.add(term, [block_of(*zip(*part, strict=True), is_inlined=is_inlined) for part in parts])


class _Terms(Protocol):
    """The terms of one field in all documents."""

    def add(self, value: Any) -> int:
        """Add those of the next document; returns its length in words, 0 if scores do not depend on it."""

    def write(self, terms: TermWriter) -> None:
        """Write all terms with their postings, and clear them."""


class _Words:
    """The words of running text."""

    def __init__(self, _field: WordsField) -> None:
        self._found = Occurrences()

    def add(self, value: str | None) -> int:
        """See `_Terms`."""
        for piece in _pieces(value or ""):
            self._found.add(self._found.numbered(encoded_words(piece)))
        return self._found.end_document()

    def write(self, terms: TermWriter) -> None:
        """See `_Terms`."""
        _write_packed(self._found, terms)


class _Names:
    """The terms of names. Documents of a submission have the same ones and are adjacent."""

    def __init__(self, field: NamesField) -> None:
        self._field = field
        self._found = Occurrences()
        self._latest: tuple[Any, array[int], array[int]] = (), array("I"), array("I")

    def add(self, value: Any) -> int:
        """See `_Terms`."""
        if value != self._latest[0]:
            placed = list(self._field.placed(value))
            places = array("I", [place for place, _ in placed])
            self._latest = value, self._found.numbered(term for _, term in placed), places
        _, numbers, places = self._latest
        self._found.add(numbers, places)
        return self._found.end_document()

    def write(self, terms: TermWriter) -> None:
        """See `_Terms`."""
        _write_packed(self._found, terms)


class _Values:
    """Whole values. Documents of a submission have mostly the same ones and are adjacent."""

    def __init__(self, field: ExactField) -> None:
        self._field = field
        self._found = Occurrences(has_positions=False)
        self._latest: tuple[Any, array[int]] = (), array("I")

    def add(self, value: Any) -> int:
        """See `_Terms`."""
        if value:
            if value != self._latest[0]:
                self._latest = value, self._found.numbered(self._field.terms(value))
            self._found.add(self._latest[1])
        self._found.end_document()
        return 0

    def write(self, terms: TermWriter) -> None:
        """See `_Terms`."""
        _write_packed(self._found, terms)


class _Sections:
    """Sections, of which a few documents have some."""

    def __init__(self, field: SectionsField) -> None:
        self._field = field
        self._documents = 0
        self._postings: defaultdict[bytes, list[TermPosting]] = defaultdict(list)

    def add(self, value: Any) -> int:
        """See `_Terms`."""
        for term, _, weight, encoded in self._field.index(value):
            self._postings[term].append((self._documents, weight, encoded, 0))
        self._documents += 1
        return 0

    def write(self, terms: TermWriter) -> None:
        """See `_Terms`."""
        for term, postings in sorted(self._postings.items()):
            write_term(terms, term, postings)
        self._postings.clear()


_TERMS: dict[type, Callable[[Any], _Terms]] = {
    WordsField: _Words,
    NamesField: _Names,
    ExactField: _Values,
    SectionsField: _Sections,
}


def _write_packed(found: Occurrences, terms: TermWriter) -> None:
    for term, blocks in found.packed():
        terms.add(term, blocks)


def _pieces(text: str) -> Iterator[str]:
    """`text` in pieces, split at spaces, so that the words of a huge text need not all be in memory."""
    start = 0
    while len(text) - start > _PIECE_CHARS and (end := text.find(" ", start + _PIECE_CHARS)) >= 0:
        yield text[start:end]
        start = end
    yield text[start:]
