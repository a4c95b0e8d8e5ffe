"""Reading stored submissions and gathering their entries in parts of an index, in this process or in another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from archiver.catalogue.records import CatalogueRecord
from archiver.errors import DamageError, UnreadableSubmissionError
from archiver.identifiers import AccessionNumber
from archiver.store.archive import read_stored
from archiver.store.layout import Layout
from indexer.engine import PartWriter
from indexer.entries import entries_of
from indexer.submission.submission import parse_submission

PART_TEXT_CHARS = 48_000_000
"""Text gathered before a part is finished: larger ones cost memory, smaller ones cost searches."""

YEAR_TEXT_CHARS = 24_000_000
"""Text that is enough for a part to be finished when another filing year begins."""


@dataclass(frozen=True, slots=True)
class IndexFailure:
    """A submission that could not be indexed. `error` is the class of the error."""

    accession: AccessionNumber
    error: str
    message: str


@dataclass(frozen=True, slots=True)
class Read:
    """A submission was read; its entries are in a part that will come."""

    accession: AccessionNumber


@dataclass(frozen=True, slots=True)
class Gathered:
    """A finished part, with the accession number and sha256 of each submission in it."""

    part: Any
    pairs: tuple[tuple[AccessionNumber, str], ...]


Event = Read | IndexFailure | Gathered


@dataclass(frozen=True, slots=True)
class Setup:
    """What gathering needs, in any process: where submissions stand, what makes parts, and how much text to take."""

    layout: Layout
    make_writer: Callable[[], PartWriter]
    max_text_chars: int | None = None


def gather_here(records: Iterable[CatalogueRecord], setup: Setup) -> Iterator[Event]:
    """Gather `records` in this process, all parts included. Raises `StorageError`."""
    gatherer = Gatherer(setup)
    try:
        yield from gatherer.gather(records)
        yield from gatherer.finish()
    finally:
        gatherer.discard()


class Gatherer:
    """Reads submissions into one part after the other.

    Submissions come by filing date, so a part holds one filing year, except that years of little text share one.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._writer: PartWriter | None = None
        self._pairs: list[tuple[AccessionNumber, str]] = []
        self._chars = 0
        self._year = 0

    def gather(self, records: Iterable[CatalogueRecord]) -> Iterator[Event]:
        """Take `records`: an event for each, and each part as it is full. Raises `StorageError`."""
        for record in records:
            other_year = record.filing_date.year != self._year
            if self._chars >= (YEAR_TEXT_CHARS if other_year else PART_TEXT_CHARS):
                yield from self.finish()
            self._year = record.filing_date.year
            try:
                self._add(record)
            except DamageError as error:
                yield IndexFailure(record.accession, type(error).__name__, str(error))
            else:
                yield Read(record.accession)

    def finish(self) -> Iterator[Event]:
        """The part that is not full yet, if there is one. Raises `StorageError`."""
        if self._writer is not None:
            yield Gathered(self._writer.finish(), tuple(self._pairs))
            self._writer = None
            self._pairs = []
            self._chars = 0

    def discard(self) -> None:
        """Drop the part that is not finished."""
        if self._writer is not None:
            self._writer.discard()

    def _add(self, record: CatalogueRecord) -> None:
        submission = parse_submission(read_stored(self._setup.layout, record.accession, sha256=record.sha256))
        # all entries before the first is added: an error half-way must leave none of them behind
        entries = list(
            entries_of(
                submission,
                sha256=record.sha256,
                filing_date=record.filing_date,
                max_text_chars=self._setup.max_text_chars,
            )
        )
        if entries[0].accession != record.accession:
            raise UnreadableSubmissionError(
                f"what is stored as {record.accession} calls itself {entries[0].accession}", "run `edgarchive verify`"
            )
        if self._writer is None:
            self._writer = self._setup.make_writer()
        self._writer.add(record.accession, entries)
        self._pairs.append((record.accession, record.sha256))
        self._chars += sum(len(entry.text) for entry in entries)
