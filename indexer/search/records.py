"""What the catalogue knows: of one stored submission, and of the whole archive."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from archiver.errors import ArchiveFormatError, DamageError, EdgarchiveError, StorageError
from archiver.identifiers import AccessionNumber, Cik, FormType
from archiver.store.archive import Archive
from archiver.sync.last_sync import SyncState, last_sync, last_sync_ended
from indexer.texts.store import TextStats, TextStore


@dataclass(frozen=True, slots=True)
class OtherVersion:
    """Other bytes of a submission that are kept beside it: an ``older`` version, or a ``correction`` from the Feed.

    `size` and `sha256` are of the decoded bytes; `path` is relative to the archive.
    """

    kind: str
    source: str
    source_url: str | None
    size: int
    sha256: str
    stored_at: datetime
    path: Path

    def to_dict(self) -> dict[str, Any]:
        """The version as JSON has it."""
        return {
            "kind": self.kind,
            "source": self.source,
            "source_url": self.source_url,
            "sha256": self.sha256,
            "bytes": self.size,
            "stored_at": self.stored_at.isoformat(),
            "path": str(self.path),
        }


@dataclass(frozen=True, slots=True)
class Record:
    """Where a stored submission came from, and how its bytes were proven.

    `source` is ``index``, ``feed`` or ``import``. `size` and `sha256` are of the decoded bytes, `stored_bytes` of the
    file at `path`, relative to the archive. `signature` is ``valid`` or ``invalid`` for the SEC's PEM signature, None
    without one. `stored_at` is when these bytes were stored; `added` and `added_run`
    are when, and by which run, the submission first came into the archive; the run is None for what is older than the
    journal. `withdrawn_at` says when EDGAR was seen to have withdrawn it. `indexed`: the catalogue says that the
    index has it. Times are in UTC.
    """

    accession: AccessionNumber
    form: FormType
    filing_date: date
    cik: Cik | None
    source: str
    source_url: str | None
    size: int
    stored_bytes: int
    sha256: str
    signature: str | None
    stored_at: datetime
    added: datetime
    added_run: int | None
    withdrawn_at: datetime | None
    indexed: bool
    path: Path
    beside: tuple[OtherVersion, ...]

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON has it."""
        return {
            "accession": str(self.accession),
            "form": str(self.form),
            "filing_date": self.filing_date.isoformat(),
            "cik": None if self.cik is None else int(self.cik),
            "source": self.source,
            "source_url": self.source_url,
            "bytes": self.size,
            "stored_bytes": self.stored_bytes,
            "sha256": self.sha256,
            "signature": self.signature,
            "stored_at": self.stored_at.isoformat(),
            "added": self.added.isoformat(),
            "added_run": self.added_run,
            "withdrawn_at": self.withdrawn_at.isoformat() if self.withdrawn_at else None,
            "indexed": self.indexed,
            "path": str(self.path),
            "beside": [version.to_dict() for version in self.beside],
        }


@dataclass(frozen=True, slots=True)
class FormYear:
    """How many submissions of a form were filed in a year."""

    form: str
    year: int
    count: int


@dataclass(frozen=True, slots=True)
class Status:
    """What an archive holds.

    `size` counts decoded bytes, `stored_bytes` those on disk. `last_sync` is when a sync last came to its end, ISO 8601
    in UTC; `sync` is the last one that began. `unindexed` submissions are not in the index. `index_error` says why the
    index cannot be searched, None where it can. `texts` are the kept texts, None where they cannot be read.
    """

    root: Path
    submissions: int
    size: int
    stored_bytes: int
    last_sync: str | None
    sync: SyncState | None
    unindexed: int
    index_error: str | None
    forms: tuple[FormYear, ...]
    texts: TextStats | None = None

    def to_dict(self) -> dict[str, Any]:
        """The status as JSON has it."""
        return {
            "root": self.root,
            "submissions": self.submissions,
            "bytes": self.size,
            "stored_bytes": self.stored_bytes,
            "last_sync": self.last_sync,
            "sync": self.sync,
            "unindexed": self.unindexed,
            "index_error": self.index_error,
            "texts": None if self.texts is None else asdict(self.texts),
            "forms": [{"form": one.form, "year": one.year, "count": one.count} for one in self.forms],
        }


def _text_stats(archive: Archive) -> TextStats | None:
    try:
        with TextStore.open(archive.root) as store:
            return store.stats()
    except (DamageError, StorageError, ArchiveFormatError):  # `verify` says what is wrong with them
        return None


def record_of(archive: Archive, accession: AccessionNumber) -> Record:
    """What the catalogue of `archive` knows of a submission. Raises `NotInArchiveError`."""
    row = archive.record(accession)
    layout = archive.layout
    return Record(
        accession=row.accession,
        form=row.form,
        filing_date=row.filing_date,
        cik=row.cik,
        source=row.source,
        source_url=row.url,
        size=row.size,
        stored_bytes=row.stored_bytes,
        sha256=row.sha256,
        signature=row.signature,
        stored_at=row.stored_at,
        added=row.added,
        added_run=row.added_run,
        withdrawn_at=row.withdrawn_at,
        indexed=row.indexed_sha256 == row.sha256,
        path=layout.submission(accession).relative_to(archive.root),
        beside=tuple(
            OtherVersion(
                kind=other.kind,
                source=other.source,
                source_url=other.url,
                size=other.size,
                sha256=other.sha256,
                stored_at=other.stored_at,
                path=layout.beside(accession, other.sha256).relative_to(archive.root),
            )
            for other in archive.catalogue.beside(accession)
        ),
    )


def status_of(archive: Archive, *, index_error: EdgarchiveError | None, marks_hold: bool) -> Status:
    """The sums over `archive`. `marks_hold`: the index has what the catalogue says is indexed."""
    totals = archive.catalogue.totals()
    return Status(
        root=archive.root,
        submissions=totals.submissions,
        size=totals.size,
        stored_bytes=totals.stored_bytes,
        last_sync=last_sync_ended(archive.catalogue),
        sync=last_sync(archive.catalogue),
        unindexed=totals.unindexed if marks_hold else totals.submissions,
        index_error=None if index_error is None else str(index_error),
        texts=_text_stats(archive),
        forms=tuple(FormYear(form, year, count) for form, year, count in totals.by_form_and_year),
    )
