"""Rebuilding the catalogue's row of a submission from its stored file and from what remains of a damaged catalogue."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Self, TypeVar

from archiver.audit.findings import Finding
from archiver.catalogue.catalogue import Catalogue
from archiver.catalogue.records import CatalogueRecord, VersionRecord
from archiver.catalogue.watching import SETTLED_NOTE
from archiver.checks.body import BodyFacts, BodyReader
from archiver.checks.envelope import Opening
from archiver.checks.header_facts import HeaderFacts, head_of, read_header_facts
from archiver.errors import DamageError, EdgarchiveError, IdentifierError
from archiver.identifiers import AccessionNumber
from archiver.intake.records import new_record, ref_of
from archiver.runtime.paths import exists
from archiver.startup.dataclass import dataclass
from archiver.store.archive import Archive
from archiver.store.layout import QUARANTINE
from archiver.store.packing import unpack
from archiver.streams.chunks import ChunkReader

T = TypeVar("T")

_CORRECTION = b"<CORRECTION>"
_TAKEN_OVER = "taken_over"
"""The note in a rebuilt catalogue: when it took over what was readable in the damaged one."""
_ONLY_THERE = {
    "acknowledged": "acknowledged signatures",
    "saved_search": "saved searches",
    "sighting": "filings that `watch` saw",
    "delivery": "alerts, perhaps not sent yet",
}
"""The tables of which a repair can rebuild nothing from files."""
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class StoredFile:
    """The facts of a stored file itself: its body, its size on disk, when it was written.

    `header` is None if it lacks what the catalogue needs; `header_fault` then says what.
    """

    body: BodyFacts
    header: HeaderFacts | None
    header_fault: str | None
    is_correction: bool
    stored_bytes: int
    written_at: datetime

    @property
    def source(self) -> str:
        """``feed`` for a file with tags, ``index`` for one with labels: its spelling shows where it came from."""
        return "feed" if self.body.opening is Opening.DISSEMINATION else "index"


def read_stored_file(path: Path, accession: AccessionNumber) -> StoredFile:
    """Read the stored file `path`, expected to be the submission `accession`. Raises `DamageError`."""
    pieces, body = ChunkReader(unpack(path)), BodyReader(accession, md5=True)
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


def may_be_whole(path: Path, accession: AccessionNumber) -> bool:
    """Whether the file `path` is the submission `accession`, by its own bytes or perhaps by EDGAR's checksum."""
    try:
        body = read_stored_file(path, accession).body
    except DamageError:
        return False
    return body.fault(etag_md5=body.md5) is None


def recovered(file: StoredFile, header: HeaderFacts) -> CatalogueRecord:
    """The row of `file` with this header. Its address, its ETag and withdrawals cannot be recovered."""
    return new_record(
        ref_of(header), file.body, stored_bytes=file.stored_bytes, source=file.source, moment=file.written_at, run=None
    )


def proven_row(file: StoredFile, known: CatalogueRecord | None, accession: AccessionNumber) -> CatalogueRecord | None:
    """The row of a complete file: `known` if it describes these bytes, else one built from the file; or None."""
    if known is not None:
        is_same = file.body.sha256 == known.sha256 or (known.etag_md5 is not None and file.body.md5 == known.etag_md5)
        is_whole = not file.body.fault(etag_md5=known.etag_md5 and file.body.md5)
        return with_stored_facts(known, file) if is_same and is_whole else None
    if file.header is None or file.header.accession != accession or file.body.fault(etag_md5=None):
        return None
    return recovered(file, file.header)


def with_stored_facts(record: CatalogueRecord, file: StoredFile) -> CatalogueRecord:
    """`record` with the facts of the file itself. Its ETag was the MD5 of these bytes when they were stored."""
    return replace(
        record,
        size=file.body.size,
        stored_bytes=file.stored_bytes,
        sha256=file.body.sha256,
        etag_md5=record.etag_md5 and file.body.md5,
        signature=file.body.signature,
    )


def recovered_version(file: StoredFile, accession: AccessionNumber) -> VersionRecord:
    """The row of other bytes stored beside the submission `accession`."""
    return VersionRecord(
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
    """What is still readable of a damaged catalogue in the quarantine, if there is one. A context manager."""

    def __init__(self, path: Path) -> None:
        self._catalogue: Catalogue | None = None
        self.findings: list[Finding] = []
        """What `take_over` could not read, and no file can tell."""
        if exists(path):
            with contextlib.suppress(EdgarchiveError):
                self._catalogue = Catalogue(path)

    def take_over(self, archive: Archive) -> None:
        """Transfer to the catalogue of `archive`, once, what no stored file contains.

        That is the journal, saved searches, the state of `watch`, acknowledged signatures, and the rows of submissions
        and other bytes whose files are lost.
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
            if not exists(archive.layout.submission(record.accession)) and record.accession not in catalogue:
                catalogue.put(replace(record, indexed_sha256=None))
        for beside in old.salvage_versions():
            catalogue.add_version(beside)
        if lost := [what for table, what in _ONLY_THERE.items() if table in old.incomplete]:
            message = f"not all could be read of the damaged catalogue, and is lost: {'; '.join(lost)}"
            place = f"{QUARANTINE}/{archive.layout.catalogue.name}"
            self.findings.append(Finding("catalogue-damaged", None, place, message))
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
        with contextlib.suppress(EdgarchiveError):  # it is damaged; without it, what came since would count as known
            if (note := old.note(SETTLED_NOTE)) is not None and catalogue.note(SETTLED_NOTE) is None:
                catalogue.set_note(SETTLED_NOTE, note)

    def row_of(self, accession: AccessionNumber, file: StoredFile) -> CatalogueRecord | None:
        """The old row of `accession` if it describes the bytes of `file` and they are complete; otherwise None."""
        if self._catalogue is None:
            return None
        try:
            record = self._catalogue.get(accession)
        except EdgarchiveError:  # this row is damaged
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
