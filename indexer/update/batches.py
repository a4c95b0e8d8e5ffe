"""Reading submissions and collecting texts and index entries in parts, in this process or another.

A submission whose texts are stored is not parsed again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from archiver.catalogue.records import CatalogueRecord
from archiver.errors import DamageError, UnreadableSubmissionError
from archiver.events import event
from archiver.identifiers import AccessionNumber
from archiver.startup.dataclass import dataclass
from archiver.store.archive import read_stored
from archiver.store.layout import Layout
from indexer.engine import PartWriter
from indexer.entries import IndexEntry, entries_of
from indexer.submission.submission import parse_submission
from indexer.texts.model import StoredSubmission, extract
from indexer.texts.parts import TextPart, TextPartWriter
from indexer.texts.store import TextStore
from indexer.update.parties import with_parties_apart

_log = logging.getLogger(__name__)

PART_TEXT_CHARS = 48_000_000
"""Text collected before a part is finished: larger parts cost memory, smaller ones slow searches down."""

MAX_CHARS = 20_000_000
"""Characters that form type and items may take in all entries of a submission; real ones take a thousandth of it."""

YEAR_TEXT_CHARS = 24_000_000
"""Text that is enough to finish a part when another filing year begins."""

LOOKED_UP_AT_ONCE = 64
"""Submissions whose stored texts are looked up together: one by one takes as long as indexing a small one."""


@dataclass(frozen=True, slots=True)
class IndexFailure:
    """A submission that could not be indexed. `error` is the class of the error."""

    accession: AccessionNumber
    error: str
    message: str


@dataclass(frozen=True, slots=True)
class Read:
    """A submission was read; its entries will be in a later part."""

    accession: AccessionNumber


@dataclass(frozen=True, slots=True)
class Batch:
    """A finished part of the index, with the accession number and sha256 of each submission in it.

    `part` is None if only texts were collected; `texts` are those that were not stored yet, None if there are none.
    """

    part: Any
    pairs: tuple[tuple[AccessionNumber, str], ...]
    texts: TextPart | None = None


class _OutOfMemoryError(Exception):
    """A submission exceeded the available memory. Nothing of it was collected."""


Event = Read | IndexFailure | Batch


@dataclass(frozen=True, slots=True)
class Setup:
    """The setup for collecting in any process: where submissions are, the part writer, and the limits of text.

    Without `make_writer`, only texts are collected, in the folder `texts`; without `texts`, none are.
    """

    layout: Layout
    make_writer: Callable[[], PartWriter] | None
    max_text_chars: int | None = None
    texts: Path | None = None


def read_here(records: Iterable[CatalogueRecord], setup: Setup) -> Iterator[Event]:
    """Collect `records` in this process; yields events, including all parts. Raises `StorageError`."""
    reader = BatchReader(setup)
    try:
        yield from reader.read(records)
        yield from reader.finish()
    finally:
        reader.close()


class BatchReader:
    """Reads submissions into successive parts.

    Submissions come by filing date. A part contains one filing year, except that years with little text share one.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._kept = TextStore.open(setup.layout.root)
        self._keeps_any = not self._kept.is_empty  # what this run stores is not read again
        self._writer: PartWriter | None = None
        self._texts: TextPartWriter | None = None
        self._pairs: list[tuple[AccessionNumber, str]] = []
        self._chars = 0
        self._year = 0

    def read(self, records: Iterable[CatalogueRecord]) -> Iterator[Event]:
        """Read `records`: yields an event for each, and each part when it is full. Raises `StorageError`."""
        for record, kept in self._with_kept(records):
            other_year = record.filing_date.year != self._year
            if self._chars >= (YEAR_TEXT_CHARS if other_year else PART_TEXT_CHARS):
                yield from self.finish()
            self._year = record.filing_date.year
            try:
                self._add(record, kept)
            except DamageError as error:
                yield IndexFailure(record.accession, type(error).__name__, str(error))
            except _OutOfMemoryError:
                yield IndexFailure(record.accession, MemoryError.__name__, "reading it takes more memory than there is")
            else:
                yield Read(record.accession)

    def finish(self) -> Iterator[Event]:
        """The last part, if there is one. Raises `StorageError`."""
        if self._pairs:
            texts = self._texts.finish() if self._texts else None
            self._texts = None
            part = self._writer.finish() if self._writer else None
            self._writer = None
            yield Batch(part, tuple(self._pairs), texts)
            self._pairs = []
            self._chars = 0

    def close(self) -> None:
        """Discard the unfinished part."""
        self._kept.close()
        if self._writer is not None:
            self._writer.discard()
        if self._texts is not None:
            self._texts.discard()

    def _with_kept(
        self, records: Iterable[CatalogueRecord]
    ) -> Iterator[tuple[CatalogueRecord, StoredSubmission | None]]:
        """`records`, each with its stored texts, None if there are none or they are damaged."""
        records = iter(records)
        while some := list(islice(records, LOOKED_UP_AT_ONCE)):
            wanted = [(record.accession, record.sha256) for record in some] if self._keeps_any else []
            try:
                kept = self._kept.submissions(wanted)
            except MemoryError:  # the one that takes too much fails alone when it is parsed
                kept = {}
            yield from ((record, kept.pop(record.accession, None)) for record in some)

    def _add(self, record: CatalogueRecord, kept: StoredSubmission | None) -> None:
        # create all entries before adding the first, so that an error leaves none of them behind
        try:
            found = self._kept_entries(record, kept)
            is_kept = found is not None
            submission, entries = found or self._parsed_entries(record)
        except MemoryError as error:
            raise _OutOfMemoryError from error
        if self._setup.texts is not None and not is_kept:
            if self._texts is None:
                self._texts = TextPartWriter(self._setup.texts)
            self._texts.add(submission)
        if self._setup.make_writer is not None:
            if self._writer is None:
                self._writer = self._setup.make_writer()
            self._writer.add(record.accession, with_parties_apart(entries))
        self._pairs.append((record.accession, record.sha256))
        if entries:
            self._chars += sum(len(entry.text) for entry in entries)
        else:
            self._chars += sum(len(document.encoded_text()) for document in submission.documents)

    def _kept_entries(
        self, record: CatalogueRecord, kept: StoredSubmission | None
    ) -> tuple[StoredSubmission, list[IndexEntry]] | None:
        """Entries from stored texts; None if there are none or they are damaged."""
        try:
            return None if kept is None else (kept, self._entries(kept, record))
        except DamageError as error:
            facts = event("texts-damaged", accession=record.accession)
            _log.warning("%s is parsed again: %s", record.accession, error, extra=facts)
            return None

    def _parsed_entries(self, record: CatalogueRecord) -> tuple[StoredSubmission, list[IndexEntry]]:
        """Entries from the stored bytes. Raises `DamageError`."""
        data = read_stored(self._setup.layout, record.accession, sha256=record.sha256)
        submission = extract(parse_submission(data, accession=record.accession), sha256=record.sha256)
        return submission, self._entries(submission, record)

    def _entries(self, submission: StoredSubmission, record: CatalogueRecord) -> list[IndexEntry]:
        if self._setup.make_writer is None:
            return []
        header = submission.header
        if (len(header.form) + sum(map(len, header.items))) * len(submission.documents) > MAX_CHARS:
            raise UnreadableSubmissionError(
                f"its form type and items are too long to index for each of {len(submission.documents):,} documents",
                "read it with `edgarchive show`",
            )
        return list(
            entries_of(
                submission,
                sha256=record.sha256,
                filing_date=record.filing_date,
                added=record.added,
                added_run=record.added_run,
                max_text_chars=self._setup.max_text_chars,
            )
        )
