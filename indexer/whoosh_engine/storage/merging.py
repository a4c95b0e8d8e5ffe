"""Merging small segments without their texts: postings of documents that are not deleted are copied word by word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from heapq import merge
from itertools import groupby, repeat
from pathlib import Path
from typing import Any

from indexer.whoosh_engine.reading import posting_blocks
from indexer.whoosh_engine.storage.commits import Segment
from indexer.whoosh_engine.storage.postings import TermWriter
from indexer.whoosh_engine.storage.segments import SegmentFile, TermPosting, write_term

_Occurrence = tuple[str, bytes, int]
"""A field, a term, and the number of a source that has it."""


class _Source:
    """A segment to be merged, and the new numbers of its documents."""

    def __init__(self, reader: Any) -> None:
        self.reader = reader
        self._new: dict[int, int] = {}

    def copy_columns(self, file: SegmentFile) -> None:
        """Add its documents that are not deleted to `file`."""
        columns = {name: self.reader.column_reader(name) for name, field in file.schema.items() if field.column_type}
        for old, stored in self.reader.iter_docs():
            self._new[old] = file.documents
            values = stored | {name: column[old] for name, column in columns.items()}
            file.add(values, partial(self._length, document=old))
        for name, field in file.schema.items():
            if field.scorable:
                # a document's length is stored in one byte, the total of a field exactly: add the difference
                rounded = sum(self._length(name, old) for old in range(self.reader.doc_count_all()))
                file.correct_length(name, self.reader.field_length(name) - rounded)

    def terms(self, number: int) -> Iterator[_Occurrence]:
        """Its terms in order, with its own `number`."""
        return ((field, term, number) for field, term in self.reader.all_terms())

    def postings(self, field: str, term: bytes) -> Iterator[TermPosting]:
        """The postings of a term, with the new document numbers."""
        scorable = self.reader.schema[field].scorable
        for block in posting_blocks(self.reader, field, term):
            for old, weight, value in zip(
                block.documents, block.weights or repeat(1), block.values or repeat(b""), strict=False
            ):
                if old in self._new:
                    length = self._length(field, old) if scorable else 0
                    yield self._new[old], weight, value, length

    def _length(self, name: str, document: int) -> int:
        return self.reader.doc_field_length(document, name) or 0  # Whoosh returns None for 0


def merge_segments(folder: Path, readers: Sequence[Any]) -> Segment:
    """Merge the documents of `readers` that are not deleted into a segment in the empty folder `folder`."""
    file = SegmentFile(folder)
    try:
        sources = [_Source(reader) for reader in readers]
        for source in sources:
            source.copy_columns(file)
        return file.finish(partial(_write_terms, sources))
    except BaseException:
        file.discard()
        raise


def _write_terms(sources: Sequence[_Source], terms: TermWriter) -> None:
    streams = [source.terms(number) for number, source in enumerate(sources)]
    for field, of_field in groupby(merge(*streams), key=lambda found: found[0]):
        terms.start_field(field)
        for term, found in groupby(of_field, key=lambda found: found[1]):
            postings = [posting for _, _, number in found for posting in sources[number].postings(field, term)]
            if postings:
                write_term(terms, term, postings)
