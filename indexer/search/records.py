"""Facts from the catalogue about a stored submission and about the whole archive."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

from archiver.errors import ArchiveFormatError, DamageError, EdgarchiveError, StorageError
from archiver.identifiers import AccessionNumber, Cik, FormType
from archiver.startup.dataclass import dataclass
from archiver.store.archive import Archive
from archiver.sync.last_sync import SyncState, last_sync, last_sync_ended
from indexer.index_folder import file_version, index_version
from indexer.notebook.markup import facts, table
from indexer.texts.store import TEXTS_FOLDER, TextStats, TextStore
from indexer.texts.table import TABLE_NAME


@dataclass(frozen=True, slots=True)
class OtherVersion:
    """Other bytes of a submission stored beside it: an ``older`` version, or a ``correction`` from the Feed.

    `size` (bytes) and `sha256` are of the decoded bytes; `path` is relative to the archive.
    """

    kind: str
    source: str
    source_url: str | None
    size: int
    sha256: str
    stored_at: datetime
    path: Path

    def to_dict(self) -> dict[str, Any]:
        """The version as a JSON object."""
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
    """Where a stored submission came from, and how its bytes were verified.

    `source` is ``index``, ``feed`` or ``import``. `size` (bytes) and `sha256` are of the decoded bytes, `stored_bytes`
    is the size of the file at `path`, relative to the archive. `signature` is ``valid`` or ``invalid`` for the SEC's
    PEM signature, None without one. `stored_at` is when these bytes were stored; `added` and `added_run` are when, and
    by which run, the submission was first added to the archive; the run is None if older than the journal.
    `withdrawn_at` is when EDGAR was found to have withdrawn it. `indexed`: the catalogue lists it as indexed. Times are
    in UTC.
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
        """The record as a JSON object."""
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
    """The number of submissions of a form filed in a year."""

    form: str
    year: int
    count: int


@dataclass(frozen=True, slots=True)
class Status:
    """What an archive contains.

    `size` is in decoded bytes, `stored_bytes` in bytes on disk. `last_sync` is when the last complete sync ended, ISO
    8601 in UTC; `sync` is the last one that began. `unindexed` submissions are not in the index. `index_error` is why
    the index cannot be searched, None if it can. `texts` describes the text store, None if it cannot be read.
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
        """The status as a JSON object."""
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

    def _repr_html_(self) -> str:
        """Tables for a notebook: the main facts, and the submissions of each form."""
        counts: Counter[str] = Counter()
        for one in self.forms:
            counts[one.form] += one.count
        about = [
            ("folder", self.root),
            ("submissions", f"{self.submissions:,}"),
            ("last sync", self.last_sync or "never"),
            ("not indexed", f"{self.unindexed:,}"),
            ("index", self.index_error),
        ]
        return facts(about) + table(("form", "submissions"), ((form, f"{n:,}") for form, n in counts.most_common()))


def _text_stats(archive: Archive) -> TextStats | None:
    try:
        with TextStore.open(archive.root) as store:
            return store.stats()
    except (DamageError, StorageError, ArchiveFormatError):  # `verify` reports the damage
        return None


def record_of(archive: Archive, accession: AccessionNumber) -> Record:
    """The facts in the catalogue of `archive` about a submission. Raises `NotInArchiveError`."""
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
                path=layout.version_path(accession, other.sha256).relative_to(archive.root),
            )
            for other in archive.catalogue.versions(accession)
        ),
    )


def status_of(archive: Archive, *, index_error: EdgarchiveError | None, marks_hold: bool) -> Status:
    """The totals of `archive`. `marks_hold`: the catalogue's marks apply to the index."""
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


def archive_version(archive: Archive) -> tuple[object, ...] | None:
    """A value that differs after every change of the catalogue, the texts or the index; None if that cannot be told.

    Each of them replaces a file, or appends to the log of a database.
    """
    index = index_version(archive.index_path)
    if index is None:
        return None
    databases = (archive.layout.catalogue, archive.root / TEXTS_FOLDER / TABLE_NAME)
    logs = (path.with_name(f"{path.name}-wal") for path in databases)
    return index, *(file_version(path) for path in (*databases, *logs))
