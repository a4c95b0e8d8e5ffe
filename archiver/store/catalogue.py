"""The catalogue: one row a stored submission, in SQLite (docs/format.md).

A row is written only after its file is durable, so a row always names a complete file. Each write is one small
transaction in WAL mode; a power cut may lose the last rows, never their files, and the next run finds those again.
The cost of a row does not grow with the catalogue: one B-tree by accession number, one partial index of what is not
indexed yet.
"""

from __future__ import annotations

import collections
import contextlib
import os
import re
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from archiver.errors import ArchiveFormatError, DamageError
from archiver.identifiers import AccessionNumber, Cik, FormType
from archiver.store.schema import CHANGES, SCHEMA_VERSION
from archiver.store.sqlite import database_errors

T = TypeVar("T")

REPAIR = "run `edgarchive verify --repair`, which makes it again from the stored files"
"""What to do about a lost or damaged catalogue."""

_PAGE_ROWS = 1000
_MOST_PARAMETERS = 500
_SHA256 = re.compile("[0-9a-f]{64}")

_COLUMNS = (
    "accession, form, filing_date, cik, url, source, size, stored_bytes, sha256, etag_md5, signature, stored_at,"
    " withdrawn_at, indexed_sha256, listed"
)


@dataclass(frozen=True, slots=True)
class CatalogueRecord:
    """What the catalogue says of one stored submission. `size` and `sha256` are of the decoded bytes.

    `listed`: EDGAR's full index has been seen to name it.
    """

    accession: AccessionNumber
    form: FormType
    filing_date: date
    cik: Cik | None
    url: str | None
    source: str
    size: int
    stored_bytes: int
    sha256: str
    etag_md5: str | None
    signature: str | None
    stored_at: datetime
    withdrawn_at: datetime | None = None
    indexed_sha256: str | None = None
    listed: bool = False


@dataclass(frozen=True, slots=True)
class BesideRecord:
    """Other bytes of a submission that are kept beside it: an ``older`` version, or a ``correction`` from the Feed.

    Sizes, hash and times as in a `CatalogueRecord`.
    """

    accession: AccessionNumber
    sha256: str
    kind: str
    source: str
    url: str | None
    size: int
    stored_bytes: int
    stored_at: datetime


@dataclass(frozen=True, slots=True)
class IndexFile:
    """A kept copy of one of EDGAR's index files (`archiver.listings.cache`).

    `path` is below EDGAR's ``Archives/edgar``; `sha256` is of the kept bytes; `last_modified` is the HTTP date and
    `listed` the folder list's words for date and size, both as EDGAR wrote them; `last_day` its newest filing date.
    """

    path: str
    sha256: str
    last_modified: str | None
    listed: str | None
    last_day: date | None


@dataclass(frozen=True, slots=True)
class CatalogueTotals:
    """Sums over the catalogue. `by_form_and_year` counts submissions by form and filing year."""

    submissions: int
    size: int
    stored_bytes: int
    unindexed: int
    by_form_and_year: tuple[tuple[str, int, int], ...]


def has_log(path: Path) -> bool:
    """Whether rows may stand outside the file: another process writes, or a killed one has left them."""
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0


class Catalogue:
    """The open catalogue. One connection, guarded by a lock, so that threads may share it.

    `frozen`: a lock keeps all writers away. Then it is read without the files that SQLite makes beside it, which
    machines that share storage would read differently.
    """

    def __init__(self, path: Path, *, writable: bool = False, frozen: bool = False) -> None:
        self._path = path
        self._lock = threading.Lock()
        with self._translated():
            self._connection = self._open(writable=writable, frozen=frozen)

    def _open(self, *, writable: bool, frozen: bool) -> sqlite3.Connection:
        if writable:
            options = "mode=rwc"
        elif not frozen and (os.access(self._path.parent, os.W_OK) or has_log(self._path)):
            options = "mode=ro"
        else:  # WAL wants to make a -shm file even to read; without a log there is no writer, nor rows outside the file
            options = "immutable=1"
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?{options}", uri=True, isolation_level=None, check_same_thread=False
        )
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if not 0 <= version <= SCHEMA_VERSION:
                raise ArchiveFormatError(
                    f"{self._path} has catalogue version {version}, this edgarchive reads {SCHEMA_VERSION}",
                    "install a newer edgarchive",
                )
            if writable:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                if version < SCHEMA_VERSION:
                    connection.executescript(
                        f"BEGIN; {CHANGES[version]} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
                    )
            elif version == 0:
                raise DamageError(f"{self._path} has no tables", REPAIR)
            elif version == 1:
                raise ArchiveFormatError(
                    f"{self._path} has catalogue version 1, this edgarchive reads {SCHEMA_VERSION}",
                    "run `edgarchive index` once: it brings the catalogue up to date",
                )
            connection.execute("PRAGMA busy_timeout = 10000")
        except BaseException:
            connection.close()
            raise
        return connection

    def _translated(self) -> contextlib.AbstractContextManager[None]:
        return database_errors(self._path, hint=REPAIR)

    def _rows(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with self._translated(), self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def check(self) -> None:
        """Read all of the database: every page, and every row as what it means. Raises `DamageError`."""
        verdict = str(self._rows("PRAGMA integrity_check(1)")[0][0])
        if verdict != "ok":
            raise DamageError(f"{self._path} is damaged: {verdict}", REPAIR)
        for rows in (self.records(), self.beside()):
            collections.deque(rows, maxlen=0)

    def get(self, accession: AccessionNumber) -> CatalogueRecord | None:
        """The row of `accession`, or None."""
        rows = self._rows(f"SELECT {_COLUMNS} FROM submission WHERE accession = ?", (accession,))
        return self._record(rows[0]) if rows else None

    def __contains__(self, accession: object) -> bool:
        return bool(self._rows("SELECT 1 FROM submission WHERE accession = ?", (accession,)))

    def records(self) -> Iterator[CatalogueRecord]:
        """All rows by accession number, a page at a time, so that memory stays flat."""
        last = ""
        while rows := self._rows(
            f"SELECT {_COLUMNS} FROM submission WHERE accession > ? ORDER BY accession LIMIT {_PAGE_ROWS}", (last,)
        ):
            yield from map(self._record, rows)
            last = rows[-1][0]

    def unindexed(self) -> Iterator[CatalogueRecord]:
        """Rows whose bytes are not in the index yet, by filing date. Rows marked meanwhile may or may not appear."""
        return self._by_filing_date("indexed_sha256 IS NOT sha256 AND")

    def records_by_filing_date(self) -> Iterator[CatalogueRecord]:
        """All rows by filing date, a page at a time."""
        return self._by_filing_date("")

    def _by_filing_date(self, condition: str) -> Iterator[CatalogueRecord]:
        last = ("", "")
        while rows := self._rows(
            f"SELECT {_COLUMNS} FROM submission WHERE {condition} (filing_date, accession) > (?, ?)"
            f" ORDER BY filing_date, accession LIMIT {_PAGE_ROWS}",
            last,
        ):
            yield from map(self._record, rows)
            last = (rows[-1][2], rows[-1][0])

    def filed_between(self, first: date, last: date) -> Iterator[CatalogueRecord]:
        """Rows with a filing date from `first` to `last`, inclusive, by filing date, a page at a time."""
        after = (first.isoformat(), "")
        while rows := self._rows(
            f"SELECT {_COLUMNS} FROM submission WHERE (filing_date, accession) > (?, ?) AND filing_date <= ?"
            f" ORDER BY filing_date, accession LIMIT {_PAGE_ROWS}",
            (*after, last.isoformat()),
        ):
            yield from map(self._record, rows)
            after = (rows[-1][2], rows[-1][0])

    def _record(self, row: tuple[Any, ...]) -> CatalogueRecord:
        return self._understood(_record, row)

    def _understood(self, read: Callable[[tuple[Any, ...]], T], row: tuple[Any, ...]) -> T:
        try:
            return read(row)
        except (
            ValueError,
            TypeError,
            AttributeError,
        ) as error:  # SQLite keeps no checksums: a flipped bit may stand in a value
            raise DamageError(
                f"{self._path} is damaged: in the row of {ascii(row[0])[:60]}, {error}", REPAIR
            ) from error

    def stored_bytes_of(self, accessions: Sequence[AccessionNumber]) -> dict[str, int]:
        """The size of the file of each of `accessions` that has a row."""
        sizes: dict[str, int] = {}
        for start in range(0, len(accessions), _MOST_PARAMETERS):
            some = [str(accession) for accession in accessions[start : start + _MOST_PARAMETERS]]
            marks = ", ".join("?" * len(some))
            sizes |= self._rows(
                f"SELECT accession, stored_bytes FROM submission WHERE accession IN ({marks})", tuple(some)
            )
        return sizes

    def count(self) -> int:
        """How many submissions are stored."""
        return int(self._rows("SELECT count(*) FROM submission")[0][0])

    def count_unindexed(self) -> int:
        """How many stored submissions are not in the index yet."""
        return int(self._rows("SELECT count(*) FROM submission WHERE indexed_sha256 IS NOT sha256")[0][0])

    def totals(self) -> CatalogueTotals:
        """Counts and bytes, in all and by form and filing year."""
        size, stored = self._rows("SELECT coalesce(sum(size), 0), coalesce(sum(stored_bytes), 0) FROM submission")[0]
        groups = self._rows(
            "SELECT form, CAST(substr(filing_date, 1, 4) AS INTEGER), count(*) FROM submission"
            " GROUP BY 1, 2 ORDER BY 1, 2"
        )
        return CatalogueTotals(
            submissions=self.count(),
            size=size,
            stored_bytes=stored,
            unindexed=self.count_unindexed(),
            by_form_and_year=tuple((form, year, count) for form, year, count in groups),
        )

    def add(self, *records: CatalogueRecord) -> None:
        """Write the rows of submissions whose files are durable, in one transaction; older rows are replaced."""
        placeholders = ", ".join("?" * len(fields(CatalogueRecord)))
        self._write(
            f"INSERT OR REPLACE INTO submission ({_COLUMNS}) VALUES ({placeholders})", [_values(r) for r in records]
        )

    def remove(self, accession: AccessionNumber) -> None:
        """Forget a submission; all checkpoints go with it."""
        self._write("DELETE FROM submission WHERE accession = ?", [(str(accession),)])

    def make_durable(self) -> None:
        """Bring every row that was written to the disk, where a power cut cannot undo it."""
        self._rows("PRAGMA wal_checkpoint(PASSIVE)")

    def mark_indexed(self, pairs: Iterable[tuple[AccessionNumber, str]]) -> None:
        """Note, after the engine's commit, that these submissions are indexed with these sha256: one transaction."""
        self._write(
            "UPDATE submission SET indexed_sha256 = ?2 WHERE accession = ?1",
            [(str(accession), sha256) for accession, sha256 in pairs],
        )

    def forget_checkpoints(self) -> None:
        """Let the next runs read every quarter again: something that was stored is not there."""
        self._write("DELETE FROM checkpoint", [()])

    def clear_index_marks(self) -> None:
        """Note, durably, that nothing is indexed."""
        self._write("UPDATE submission SET indexed_sha256 = NULL WHERE indexed_sha256 IS NOT NULL", [()])
        self.make_durable()

    def set_withdrawn(self, accessions: Iterable[AccessionNumber], moment: datetime | None) -> None:
        """Note that EDGAR withdrew these submissions at `moment`, or (None) that it has them again. The bytes stay."""
        value = moment.isoformat() if moment else None
        self._write(
            "UPDATE submission SET withdrawn_at = ?2 WHERE accession = ?1",
            [(str(accession), value) for accession in accessions],
        )

    def set_listed(self, accessions: Iterable[AccessionNumber]) -> None:
        """Note that EDGAR's full index has been seen to name these submissions."""
        self._write("UPDATE submission SET listed = 1 WHERE accession = ?", [(str(a),) for a in accessions])

    def add_beside(self, record: BesideRecord) -> None:
        """Write the row of bytes that are durable beside their submission."""
        values = (*astuple(record)[:-1], record.stored_at.isoformat())
        self._write("INSERT OR REPLACE INTO beside VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [values])

    def remove_beside(self, record: BesideRecord) -> None:
        """Forget bytes that are no longer beside their submission."""
        self._write("DELETE FROM beside WHERE accession = ? AND sha256 = ?", [(record.accession, record.sha256)])

    def beside(self, accession: AccessionNumber | None = None) -> Iterator[BesideRecord]:
        """What is kept beside one submission, or beside all of them, by accession number and time."""
        where, parameters = ("WHERE accession = ?", (str(accession),)) if accession else ("", ())
        rows = self._rows(f"SELECT * FROM beside {where} ORDER BY accession, stored_at, sha256", parameters)
        yield from (self._understood(_beside_record, row) for row in rows)

    def from_elsewhere(self, accessions: Sequence[AccessionNumber]) -> set[str]:
        """Those of `accessions` whose bytes are not what EDGAR serves one by one: from the Feed, or imported."""
        found: set[str] = set()
        for start in range(0, len(accessions), _MOST_PARAMETERS):
            some = [str(accession) for accession in accessions[start : start + _MOST_PARAMETERS]]
            marks = ", ".join("?" * len(some))
            rows = self._rows(
                f"SELECT accession FROM submission WHERE source <> 'index' AND accession IN ({marks})", tuple(some)
            )
            found.update(row[0] for row in rows)
        return found

    def index_file(self, path: str) -> IndexFile | None:
        """What is known of the kept copy of EDGAR's index file `path`, or None."""
        rows = self._rows(
            "SELECT path, sha256, last_modified, listed, last_day FROM index_file WHERE path = ?", (path,)
        )
        for found, sha256, last_modified, listed, last_day in rows:
            return IndexFile(found, sha256, last_modified, listed, date.fromisoformat(last_day) if last_day else None)
        return None

    def set_index_file(self, file: IndexFile) -> None:
        """Remember what the kept copy of an index file is."""
        self._write(
            "INSERT OR REPLACE INTO index_file (path, sha256, last_modified, listed, last_day) VALUES (?, ?, ?, ?, ?)",
            [
                (
                    file.path,
                    file.sha256,
                    file.last_modified,
                    file.listed,
                    file.last_day.isoformat() if file.last_day else None,
                )
            ],
        )

    def checkpoint(self, selection: str, quarter: str, version: str) -> int | None:
        """How many submissions a selection takes of a quarter, if all of them were stored; None: not known.

        `selection` and `version` (of the quarter's indexes) are fingerprints. A row that is deleted, by whomever, takes
        all checkpoints with it.
        """
        rows = self._rows(
            "SELECT planned FROM checkpoint WHERE selection = ? AND quarter = ? AND version = ?",
            (selection, quarter, version),
        )
        return int(rows[0][0]) if rows else None

    def set_checkpoint(self, selection: str, quarter: str, version: str, *, planned: int) -> None:
        """Note that every one of the `planned` submissions is stored."""
        self._write(
            "INSERT OR REPLACE INTO checkpoint (selection, quarter, version, planned) VALUES (?, ?, ?, ?)",
            [(selection, quarter, version, planned)],
        )

    def note(self, key: str) -> str | None:
        """A single remembered value, such as the time of the last sync."""
        rows = self._rows("SELECT value FROM note WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else None

    def set_note(self, key: str, value: str) -> None:
        """Remember `value` under `key`."""
        self._write("INSERT OR REPLACE INTO note (key, value) VALUES (?, ?)", [(key, value)])

    def _write(self, sql: str, rows: list[tuple[Any, ...]]) -> None:
        if not rows:
            return
        with self._translated(), self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(sql, rows)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _sha256(text: str) -> str:
    """`text`, of which places on disk are made. Raises ValueError, TypeError."""
    if not _SHA256.fullmatch(text):
        raise ValueError("not a sha256")
    return text


def _values(record: CatalogueRecord) -> tuple[Any, ...]:
    return (
        record.accession,
        record.form,
        record.filing_date.isoformat(),
        record.cik,
        record.url,
        record.source,
        record.size,
        record.stored_bytes,
        record.sha256,
        record.etag_md5,
        record.signature,
        record.stored_at.isoformat(),
        record.withdrawn_at.isoformat() if record.withdrawn_at else None,
        record.indexed_sha256,
        int(record.listed),
    )


def _beside_record(row: tuple[Any, ...]) -> BesideRecord:
    accession, sha256, kind, source, url, size, stored_bytes, moment = row
    return BesideRecord(
        accession=AccessionNumber(accession),
        sha256=_sha256(sha256),
        kind=kind,
        source=source,
        url=url,
        size=size,
        stored_bytes=stored_bytes,
        stored_at=datetime.fromisoformat(moment).astimezone(UTC),
    )


def _record(row: tuple[Any, ...]) -> CatalogueRecord:
    (
        accession,
        form,
        filing_date,
        cik,
        url,
        source,
        size,
        stored,
        sha256,
        etag,
        signature,
        stored_at,
        gone,
        indexed,
        listed,
    ) = row
    return CatalogueRecord(
        accession=AccessionNumber(accession),
        form=FormType(form),
        filing_date=date.fromisoformat(filing_date),
        cik=None if cik is None else Cik(cik),
        url=url,
        source=source,
        size=size,
        stored_bytes=stored,
        sha256=_sha256(sha256),
        etag_md5=etag,
        signature=signature,
        stored_at=datetime.fromisoformat(stored_at).astimezone(UTC),
        withdrawn_at=datetime.fromisoformat(gone).astimezone(UTC) if gone else None,
        indexed_sha256=indexed,
        listed=bool(listed),
    )
