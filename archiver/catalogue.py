"""The catalogue: one row a stored submission, in SQLite (docs/format.md).

A row is written only after its file is durable, so a row always names a complete file. Each write is one small
transaction in WAL mode; a power cut may lose the last rows, never their files, and the next run finds those again.
The cost of a row does not grow with the catalogue: one B-tree by accession number, one partial index of what is not
indexed yet.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Self

from archiver.errors import ArchiveFormatError, DamageError, StorageError
from archiver.identifiers import AccessionNumber, Cik, FormType

SCHEMA_VERSION = 1
_PAGE_ROWS = 1000

_SCHEMA = """
CREATE TABLE submission (
    accession      TEXT PRIMARY KEY,
    form           TEXT NOT NULL,
    filing_date    TEXT NOT NULL,
    cik            INTEGER,
    url            TEXT,
    source         TEXT NOT NULL,
    size           INTEGER NOT NULL,
    stored_bytes   INTEGER NOT NULL,
    sha256         TEXT NOT NULL,
    etag_md5       TEXT,
    signature      TEXT CHECK (signature IN ('valid', 'invalid')),
    stored_at      TEXT NOT NULL,
    withdrawn_at   TEXT,
    indexed_sha256 TEXT
) WITHOUT ROWID;
CREATE INDEX submission_unindexed ON submission (filing_date, accession) WHERE indexed_sha256 IS NOT sha256;
CREATE INDEX submission_filed ON submission (filing_date);
CREATE TABLE note (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""

_COLUMNS = (
    "accession, form, filing_date, cik, url, source, size, stored_bytes, sha256, etag_md5, signature, stored_at,"
    " withdrawn_at, indexed_sha256"
)


@dataclass(frozen=True, slots=True)
class CatalogueRecord:
    """What the catalogue says of one stored submission. `size` and `sha256` are of the decoded bytes."""

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


@dataclass(frozen=True, slots=True)
class CatalogueTotals:
    """Sums over the catalogue. `by_form_and_year` counts submissions by form and filing year."""

    submissions: int
    size: int
    stored_bytes: int
    unindexed: int
    by_form_and_year: tuple[tuple[str, int, int], ...]


class Catalogue:
    """The open catalogue. One connection, guarded by a lock, so that threads may share it."""

    def __init__(self, path: Path, *, writable: bool = False) -> None:
        self._path = path
        self._lock = threading.Lock()
        with self._translated():
            self._connection = self._open(writable=writable)

    def _open(self, *, writable: bool) -> sqlite3.Connection:
        if writable:
            options = "mode=rwc"
        elif os.access(self._path.parent, os.W_OK):
            options = "mode=ro"
        else:  # WAL wants to write a -shm file even to read; nobody can write here, so nothing changes meanwhile
            options = "immutable=1"
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?{options}", uri=True, isolation_level=None, check_same_thread=False
        )
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > SCHEMA_VERSION:
                raise ArchiveFormatError(
                    f"{self._path} has catalogue version {version}, this edgarchive reads {SCHEMA_VERSION}",
                    "install a newer edgarchive",
                )
            if writable:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                if version == 0:
                    connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
            connection.execute("PRAGMA busy_timeout = 10000")
        except BaseException:
            connection.close()
            raise
        return connection

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """SQLite's errors as ours."""
        try:
            yield
        except sqlite3.OperationalError as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the primary of an extended code
            if code == sqlite3.SQLITE_FULL:
                raise StorageError(f"no room left for {self._path}", "free some space and run again") from error
            if code == sqlite3.SQLITE_ERROR:  # SQL that is sound here: the tables it speaks of are not
                raise self._damaged(error) from error
            raise StorageError(f"cannot use {self._path}: {error}", "check the folder and its permissions") from error
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error

    def _damaged(self, error: sqlite3.Error) -> DamageError:
        hint = "move it away: the next sync takes the files in again"
        return DamageError(f"{self._path} is damaged: {error}", hint)

    def _rows(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with self._translated(), self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def get(self, accession: AccessionNumber) -> CatalogueRecord | None:
        """The row of `accession`, or None."""
        rows = self._rows(f"SELECT {_COLUMNS} FROM submission WHERE accession = ?", (accession,))
        return _record(rows[0]) if rows else None

    def __contains__(self, accession: object) -> bool:
        return bool(self._rows("SELECT 1 FROM submission WHERE accession = ?", (accession,)))

    def records(self) -> Iterator[CatalogueRecord]:
        """All rows by accession number, a page at a time, so that memory stays flat."""
        last = ""
        while rows := self._rows(
            f"SELECT {_COLUMNS} FROM submission WHERE accession > ? ORDER BY accession LIMIT {_PAGE_ROWS}", (last,)
        ):
            yield from map(_record, rows)
            last = rows[-1][0]

    def unindexed(self) -> Iterator[CatalogueRecord]:
        """Rows whose bytes are not in the index yet, by filing date. Rows marked meanwhile may or may not appear."""
        last = ("", "")
        while rows := self._rows(
            f"SELECT {_COLUMNS} FROM submission WHERE indexed_sha256 IS NOT sha256"
            f" AND (filing_date, accession) > (?, ?) ORDER BY filing_date, accession LIMIT {_PAGE_ROWS}",
            last,
        ):
            yield from map(_record, rows)
            last = (rows[-1][2], rows[-1][0])

    def filed_between(self, first: date, last: date) -> Iterator[CatalogueRecord]:
        """Rows with a filing date from `first` to `last`, inclusive."""
        rows = self._rows(
            f"SELECT {_COLUMNS} FROM submission WHERE filing_date BETWEEN ? AND ?",
            (first.isoformat(), last.isoformat()),
        )
        return map(_record, rows)

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

    def add(self, record: CatalogueRecord) -> None:
        """Write the row of a submission whose file is durable. An older row of the same accession is replaced."""
        values = (
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
        )
        placeholders = ", ".join("?" * len(values))
        self._write(f"INSERT OR REPLACE INTO submission ({_COLUMNS}) VALUES ({placeholders})", [values])

    def mark_indexed(self, pairs: Iterable[tuple[AccessionNumber, str]]) -> None:
        """Note, after the engine's commit, that these submissions are indexed with these sha256: one transaction."""
        self._write(
            "UPDATE submission SET indexed_sha256 = ?2 WHERE accession = ?1",
            [(str(accession), sha256) for accession, sha256 in pairs],
        )

    def clear_index_marks(self) -> None:
        """Note that nothing is indexed."""
        self._write("UPDATE submission SET indexed_sha256 = NULL WHERE indexed_sha256 IS NOT NULL", [()])

    def set_withdrawn(self, accessions: Iterable[AccessionNumber], moment: datetime | None) -> None:
        """Note that EDGAR withdrew these submissions at `moment`, or (None) that it has them again. The bytes stay."""
        value = moment.isoformat() if moment else None
        self._write(
            "UPDATE submission SET withdrawn_at = ?2 WHERE accession = ?1",
            [(str(accession), value) for accession in accessions],
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


def _record(row: tuple[Any, ...]) -> CatalogueRecord:
    accession, form, filing_date, cik, url, source, size, stored, sha256, etag, signature, stored_at, gone, indexed = (
        row
    )
    return CatalogueRecord(
        accession=AccessionNumber(accession),
        form=FormType(form),
        filing_date=date.fromisoformat(filing_date),
        cik=None if cik is None else Cik(cik),
        url=url,
        source=source,
        size=size,
        stored_bytes=stored,
        sha256=sha256,
        etag_md5=etag,
        signature=signature,
        stored_at=datetime.fromisoformat(stored_at).astimezone(UTC),
        withdrawn_at=datetime.fromisoformat(gone).astimezone(UTC) if gone else None,
        indexed_sha256=indexed,
    )
