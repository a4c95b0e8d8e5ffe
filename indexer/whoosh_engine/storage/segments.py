"""From entries to a segment: one file with postings and columns of many documents, for Whoosh's readers.

A segment is built in its own folder, in any process, and belongs to no index until `publishing` has moved it.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh.codec.whoosh3 import W3Codec
from whoosh.index import _DEF_INDEX_NAME as INDEX_NAME
from whoosh.util.numeric import length_to_byte

from archiver.startup.dataclass import dataclass
from archiver.words import encoded_words
from indexer.entries import IndexEntry
from indexer.fields import document_of
from indexer.whoosh_engine.fields import Posting, WordsField, schema
from indexer.whoosh_engine.folder import FolderStorage
from indexer.whoosh_engine.storage.commits import Checksum, segment_file
from indexer.whoosh_engine.storage.packing import BLOCK_POSTINGS, INLINED_POSTINGS, pack
from indexer.whoosh_engine.storage.postings import TermWriter, block_of

_PIECE_CHARS = 4_000_000

TermPosting = tuple[int, float, bytes, int]
"""The number of a document, the weight of a term in it, the encoded value, the length of the field."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A finished segment: Whoosh's description of it, its file, and the file's checksum."""

    whoosh: Any
    path: Path
    checksum: Checksum


class SegmentFile:
    """A segment being written to the empty folder `folder`: first the columns of its documents, then its terms."""

    def __init__(self, folder: Path) -> None:
        self.schema = schema()
        self.documents = 0
        self._storage = FolderStorage(str(folder))
        self._segment = W3Codec().new_segment(self._storage, INDEX_NAME)
        self._columns = self._segment.codec().per_document_writer(self._storage, self._segment)

    def add(self, values: dict[str, Any], length_of: Callable[[str], int]) -> None:
        """Write the columns of the next document; `length_of` returns the length of a field in words."""
        self._columns.start_doc(self.documents)
        for name, field in self.schema.items():
            value = values.get(name)
            length = length_of(name) if field.scorable else 0
            self._columns.add_field(name, field, value if field.stored else None, length)
            if field.column_type:
                self._columns.add_column_value(name, field.column_type, field.to_column_value(value))
        self._columns.finish_doc()
        self.documents += 1

    def correct_length(self, name: str, words: int) -> None:
        """Add `words` to the total length of a field, which scores depend on."""
        self._columns._fieldlengths[name] += words  # noqa: SLF001 (Whoosh has no other way in)

    def finish(self, write_terms: Callable[[TermWriter], None]) -> Segment:
        """Write the terms and finish the segment, durably."""
        self._columns.close()
        terms = TermWriter(self._storage, self._segment)
        write_terms(terms)
        terms.close()
        self._segment.set_doc_count(self.documents)
        self._segment.create_compound_file(self._storage)
        path = Path(self._storage.folder) / segment_file(self._segment)
        with path.open("rb") as file:
            os.fsync(file.fileno())
        return Segment(self._segment, path, Checksum.of_file(path))

    def discard(self) -> None:
        """Close the files of an unfinished segment. Its folder is deleted with the parent folder."""
        if not self._columns.is_closed:
            self._columns._cols._temp.close()  # noqa: SLF001 (Whoosh has no way to give a segment up)


class SegmentBuilder:
    """Collects entries in memory and writes them as one segment to the empty folder `folder`."""

    def __init__(self, folder: Path) -> None:
        self._file = SegmentFile(folder)
        fields = self._file.schema.items()
        self._words = {name: _Words() for name, field in fields if isinstance(field, WordsField)}
        self._terms: dict[str, defaultdict[bytes, list[TermPosting]]] = {
            name: defaultdict(list) for name, field in fields if field.indexed and name not in self._words
        }
        self._latest: dict[str, tuple[Any, list[Posting], int]] = {}

    @property
    def documents(self) -> int:
        """The number of entries so far."""
        return self._file.documents

    def add(self, entry: IndexEntry) -> None:
        """Add one entry."""
        values = document_of(entry)
        lengths = {name: words.add(values[name] or "") for name, words in self._words.items()}
        for name in self._terms:
            lengths[name] = self._add_terms(name, values[name])
        self._file.add(values, lengths.__getitem__)

    def finish(self) -> Segment:
        """Write the segment, durably."""
        return self._file.finish(self._write_terms)

    def discard(self) -> None:
        """Discard the segment."""
        self._file.discard()

    def _add_terms(self, name: str, value: Any) -> int:
        """Add the postings of a field with few terms; returns its length in words, 0 if scores do not depend on it."""
        if not value:
            return 0
        known = self._latest.get(name)
        if known is None or known[0] != value:  # documents of a submission share most values and are adjacent
            field = self._file.schema[name]
            postings = list(field.index(value))
            length = sum(frequency for _, frequency, _, _ in postings) if field.scorable else 0
            known = self._latest[name] = value, postings, length
        _, postings, length = known
        for term, _, weight, encoded in postings:
            self._terms[name][term].append((self.documents, weight, encoded, length))
        return length

    def _write_terms(self, terms: TermWriter) -> None:
        for name in sorted({*self._words, *self._terms}):
            terms.start_field(name)
            if name in self._words:
                self._words[name].write(terms)
                continue
            for term, postings in sorted(self._terms[name].items()):
                write_term(terms, term, postings)


def write_term(terms: TermWriter, term: bytes, postings: Sequence[TermPosting]) -> None:
    """Write `term` with its `postings` in blocks."""
    parts = (postings[start : start + BLOCK_POSTINGS] for start in range(0, len(postings), BLOCK_POSTINGS))
    is_inlined = len(postings) <= INLINED_POSTINGS
    terms.add(term, [block_of(*zip(*part, strict=True), is_inlined=is_inlined) for part in parts])


class _Words:
    """The words of one field in all documents, as numbers."""

    def __init__(self) -> None:
        self._numbers = _Numbering()
        self._documents: list[NDArray[np.uint32]] = []

    def add(self, text: str) -> int:
        """Add the words of the next document; returns their number."""
        pieces = [self._numbered(piece) for piece in _pieces(text)]
        self._documents.append(pieces[0] if len(pieces) == 1 else np.concatenate(pieces))
        return len(self._documents[-1])

    def _numbered(self, text: str) -> NDArray[np.uint32]:
        found = encoded_words(text)
        return np.fromiter(map(self._numbers.__getitem__, found), dtype=np.uint32, count=len(found))

    def write(self, terms: TermWriter) -> None:
        """Write all terms with their postings, and clear them."""
        if not self._numbers:
            return
        ordered = sorted(self._numbers)
        ranks = np.empty(len(ordered), dtype=np.uint32)
        ranks[[self._numbers[term] for term in ordered]] = np.arange(len(ordered), dtype=np.uint32)
        self._numbers.clear()
        lengths = [len(document) for document in self._documents]
        found = ranks[np.concatenate(self._documents)]
        self._documents.clear()
        blocks = pack(found, different=len(ordered), lengths=lengths, length_bytes=bytes(map(length_to_byte, lengths)))
        for term, of_term in zip(ordered, blocks, strict=True):
            terms.add(term, of_term)


def _pieces(text: str) -> Iterator[str]:
    """`text` in pieces, split at spaces, so that the words of a huge text need not all be in memory."""
    start = 0
    while len(text) - start > _PIECE_CHARS and (end := text.find(" ", start + _PIECE_CHARS)) >= 0:
        yield text[start:end]
        start = end
    yield text[start:]


class _Numbering(dict[bytes, int]):
    """Word -> its number, in order of first occurrence."""

    def __missing__(self, word: bytes) -> int:
        self[word] = number = len(self)
        return number
