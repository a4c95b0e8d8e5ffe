"""The row of a submission, made again from its stored file alone, as far as that says what the catalogue knew."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Self, TypeVar

from archiver.catalogue.catalogue import Catalogue
from archiver.catalogue.records import BesideRecord, CatalogueRecord
from archiver.checks.body import BodyFacts, BodyReader
from archiver.checks.envelope import Opening
from archiver.checks.header_facts import HeaderFacts, head_of, read_header_facts
from archiver.errors import EdgarchiveError, IdentifierError
from archiver.identifiers import AccessionNumber
from archiver.intake.records import new_record, ref_of
from archiver.store.archive import Archive
from archiver.store.packing import unpack
from archiver.streams.chunks import PieceReader

T = TypeVar("T")

_CORRECTION = b"<CORRECTION>"
_TAKEN_OVER = "taken_over"
"""The note of a catalogue that was made again: when it took over what the damaged one still said."""
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What a stored file is by itself: the facts of its body, its size on disk, when it was written.

    `header` is None where it does not say what the catalogue must know, and `header_fault` says why.
    """

    body: BodyFacts
    header: HeaderFacts | None
    header_fault: str | None
    is_correction: bool
    stored_bytes: int
    written_at: datetime

    @property
    def source(self) -> str:
        """Where it came from, by its spelling: the Feed has tags, all else has labels."""
        return "feed" if self.body.opening is Opening.DISSEMINATION else "index"


def read_stored_file(path: Path, accession: AccessionNumber) -> StoredFile:
    """Read the stored file `path`, which should be the submission `accession`, in pieces. Raises `DamageError`."""
    pieces, body = PieceReader(unpack(path)), BodyReader(accession, md5=True)
    head = head_of(pieces)
    header, fault = None, None
    try:
        header = read_header_facts(head)
    except IdentifierError as error:
        fault = error.message
    for portion in pieces.portions():
        body.feed(portion)
    status = path.stat()
    return StoredFile(
        body=body.facts(),
        header=header,
        header_fault=fault,
        is_correction=_CORRECTION in head,
        stored_bytes=status.st_size,
        written_at=datetime.fromtimestamp(status.st_mtime, UTC),
    )


def recovered(file: StoredFile, header: HeaderFacts) -> CatalogueRecord:
    """The row that `file` with this header had, but for its address, its ETag and what EDGAR did to it since."""
    return new_record(
        ref_of(header), file.body, stored_bytes=file.stored_bytes, source=file.source, moment=file.written_at, run=None
    )


def proven_row(file: StoredFile, known: CatalogueRecord | None, accession: AccessionNumber) -> CatalogueRecord | None:
    """The row of a whole file: the one `known`, if it speaks of these bytes, else what the file itself says."""
    if known is not None:
        is_same = file.body.sha256 == known.sha256 or (known.etag_md5 is not None and file.body.md5 == known.etag_md5)
        is_whole = not file.body.fault(etag_md5=known.etag_md5 and file.body.md5)
        return with_stored_facts(known, file) if is_same and is_whole else None
    if file.header is None or file.header.accession != accession or file.body.fault(etag_md5=None):
        return None
    return recovered(file, file.header)


def with_stored_facts(record: CatalogueRecord, file: StoredFile) -> CatalogueRecord:
    """The row with what the file itself says. An ETag was the MD5 of these very bytes when they were stored."""
    return replace(
        record,
        size=file.body.size,
        stored_bytes=file.stored_bytes,
        sha256=file.body.sha256,
        etag_md5=record.etag_md5 and file.body.md5,
        signature=file.body.signature,
    )


def recovered_beside(file: StoredFile, accession: AccessionNumber) -> BesideRecord:
    """The row of bytes that stand beside the submission `accession`."""
    return BesideRecord(
        accession=accession,
        sha256=file.body.sha256,
        kind="correction" if file.is_correction else "older",
        source=file.source,
        url=None,
        size=file.body.size,
        stored_bytes=file.stored_bytes,
        stored_at=file.written_at,
    )


class OldCatalogue:
    """What can still be read of a catalogue that was set aside as damaged, if there is one. A context manager."""

    def __init__(self, path: Path) -> None:
        self._catalogue: Catalogue | None = None
        if path.exists():
            with contextlib.suppress(EdgarchiveError):
                self._catalogue = Catalogue(path)

    def take_over(self, archive: Archive) -> None:
        """Give the new catalogue of `archive` what no stored file says, once.

        That is the journal, saved searches, what `watch` has seen and delivered, acknowledged signatures, and the rows
        of submissions and of bytes beside them whose files are lost.
        """
        catalogue, old = archive.catalogue, self._catalogue
        if old is None or catalogue.note(_TAKEN_OVER) is not None:
            return
        self._take_over_watching(old, catalogue)
        for run in old.runs.salvage():
            catalogue.runs.put_back(run)
        for pair, moment in old.salvage_acknowledged():
            catalogue.acknowledge([pair], moment=moment)
        for record in old.salvage():
            if not archive.layout.submission(record.accession).exists() and record.accession not in catalogue:
                catalogue.put(replace(record, indexed_sha256=None))
        for beside in old.salvage_beside():
            catalogue.add_beside(beside)
        catalogue.set_note(_TAKEN_OVER, datetime.now(UTC).isoformat(timespec="seconds"))

    @staticmethod
    def _take_over_watching(old: Catalogue, catalogue: Catalogue) -> None:
        for search in old.saved_searches.salvage():
            if catalogue.saved_searches.get(search.name) is None:
                catalogue.saved_searches.set(search)
        for sightings in _batches(old.sightings.salvage()):
            catalogue.sightings.add(*sightings)
        for deliveries in _batches(old.deliveries.salvage()):
            catalogue.deliveries.add(deliveries)

    def row_of(self, accession: AccessionNumber, file: StoredFile) -> CatalogueRecord | None:
        """Its row of the submission `accession`, if that speaks of these very bytes and they are whole by it."""
        if self._catalogue is None:
            return None
        try:
            record = self._catalogue.get(accession)
        except EdgarchiveError:  # this row is among the damage
            return None
        if record is None or record.sha256 != file.body.sha256 or file.body.fault(etag_md5=record.etag_md5):
            return None
        return replace(
            record,
            size=file.body.size,
            stored_bytes=file.stored_bytes,
            signature=file.body.signature,
            indexed_sha256=None,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._catalogue is not None:
            self._catalogue.close()


def _batches(rows: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, _BATCH)):
        yield batch
