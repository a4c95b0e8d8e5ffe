"""The SQLite database of the catalogue: opening, migrations, transactions, and translation of SQLite's errors."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from archiver.catalogue.schema import SCHEMA_VERSION, STEPS, VIEWS_OF_2
from archiver.catalogue.values import Columns
from archiver.errors import ArchiveFormatError, DamageError, StorageError, UsageError

T = TypeVar("T")

REPAIR = "run `edgarchive verify --repair`, which rebuilds it from the stored files"
"""What to do about a lost or damaged catalogue."""

MAX_PARAMETERS = 500
"""Values in one statement; the oldest versions of SQLite allow 999."""

_PAGE_ROWS = 1000
_BUSY_TIMEOUT_MS = 10_000
_SHM_ERRORS = {sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMMAP}


@contextlib.contextmanager
def database_errors(path: Path, *, hint: str) -> Iterator[None]:
    """Translate SQLite's errors about the database at `path` to `StorageError`, or to `DamageError` with `hint`."""
    try:
        yield
    except sqlite3.OperationalError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the primary code of an extended one
        if code == sqlite3.SQLITE_FULL or lacks_room(error):
            raise StorageError(f"no room left for {path}", "free some space and run again") from error
        if code == sqlite3.SQLITE_ERROR:  # the SQL is correct here, so the tables are not
            raise DamageError(f"{path} is damaged: {error}", hint) from error
        raise StorageError(f"cannot use {path}: {error}", "check the folder and its permissions") from error
    except sqlite3.ProgrammingError:  # a programming error, not damage
        raise
    except sqlite3.DatabaseError as error:
        raise DamageError(f"{path} is damaged: {error}", hint) from error
    except UnicodeDecodeError as error:  # SQLite's message quotes a damaged table
        raise DamageError(f"{path} is damaged: it has bytes that are not text", hint) from error


def lacks_room(error: sqlite3.OperationalError) -> bool:
    """Whether SQLite could not make the file of shared memory (``-shm``) beside the database large enough."""
    return getattr(error, "sqlite_errorcode", 0) in _SHM_ERRORS


def database_uri(path: Path, options: str) -> str:
    """The URI of a database for SQLite, such as ``file:///edgar/index.sqlite3?mode=ro`` for the options ``mode=ro``.

    It has an empty host: SQLite would take the beginning of a path like ``//edgar`` for one. From Python 3.14 on,
    `Path.as_uri` loads `urllib.request`, and with it all that speaks HTTP.
    """
    return f"file://{quote(os.fsencode(path.absolute()))}?{options}"


@contextlib.contextmanager
def one_transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction of several statements, all or none of which take effect."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full or failing disk has already ended it
            connection.execute("ROLLBACK")
        raise


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # of a file system that syncs no folders
            raise
    finally:
        os.close(descriptor)


def has_log(path: Path) -> bool:
    """Whether there may be rows outside the file: another process is writing, or a killed one left a log.

    Raises `StorageError`.
    """
    log = _status(path.with_name(f"{path.name}-wal"))
    return log is not None and log.st_size > 0


def _status(path: Path) -> os.stat_result | None:
    """The status of a file, or None if it does not exist. Raises `StorageError`."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(f"cannot use {path}: {error.strerror}", "check the disk and its permissions") from error


_LIVELY = """
SELECT 1 FROM main.sqlite_master WHERE type = 'view' OR (type = 'trigger' AND name <> 'submission_deleted')
    OR (type = 'table' AND sql LIKE 'CREATE VIRTUAL%')
UNION ALL
SELECT 1 FROM main.sqlite_master AS it, pragma_table_xinfo(it.name) AS one WHERE it.type = 'table' AND one.hidden <> 0
"""
"""Finds views, virtual tables, computed columns, and triggers except our own."""


class Database:
    """One connection, guarded by a lock so that threads may share it.

    `frozen`: a lock keeps all writers out. The database is then read without the files that SQLite creates beside it,
    which machines with shared storage would see differently. A writer migrates an older version in one transaction; a
    reader reads version 2 as it is. Raises `ArchiveFormatError`, `DamageError`, `StorageError`.
    """

    def __init__(self, path: Path, *, writable: bool, frozen: bool) -> None:
        self.path = path
        self._writable = writable
        self._frozen = frozen
        self._lock = threading.Lock()
        self._closed = False
        self.incomplete: set[str] = set()
        """The tables of which `salvage` could not read everything."""
        with self._translated():
            self._connection, self._version = self._open()

    def _open(self) -> tuple[sqlite3.Connection, int]:
        if self._writable:
            return self._connect("mode=rwc")
        if not self._frozen and (os.access(self.path.parent, os.W_OK) or has_log(self.path)):
            try:
                return self._connect("mode=ro")
            except sqlite3.OperationalError as error:
                if has_log(self.path) or not lacks_room(error):
                    raise
        # WAL creates a -shm file even to read. Without a log there is no writer and no row outside the file.
        return self._connect("immutable=1")

    def _connect(self, options: str) -> tuple[sqlite3.Connection, int]:
        self._is_immutable = options == "immutable=1"
        self._seen = self._state()
        uri = database_uri(self.path, options)
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        try:
            connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
            version = self._version_of(connection)
            self._check_plain(connection)
            if self._writable:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                if version < SCHEMA_VERSION:
                    connection.execute("PRAGMA secure_delete = ON")  # erase what a migration removes
                while version < SCHEMA_VERSION:
                    sql, after = STEPS[version]
                    connection.executescript(f"BEGIN IMMEDIATE; {sql} PRAGMA user_version = {after}; COMMIT;")
                    version = after
            else:
                self._check_readable(version)
                if version < SCHEMA_VERSION:
                    connection.execute("PRAGMA temp_store = MEMORY")
                    connection.executescript(VIEWS_OF_2)
        except BaseException:
            connection.close()
            raise
        return connection, version

    def _version_of(self, connection: sqlite3.Connection) -> int:
        version = int(connection.execute("PRAGMA main.user_version").fetchone()[0])
        if not 0 <= version <= SCHEMA_VERSION:
            raise ArchiveFormatError(
                f"{self.path} has catalogue version {version}, this edgarchive reads {SCHEMA_VERSION}",
                "install a newer edgarchive",
            )
        return version

    def _check_plain(self, connection: sqlite3.Connection) -> None:
        """Raise `DamageError` for what runs when a table is read, which could take for ever: a stranger has made it."""
        if connection.execute(_LIVELY).fetchone() is not None:
            raise DamageError(f"{self.path} has a view, trigger or computed column that is not edgarchive's", REPAIR)

    def _check_readable(self, version: int) -> None:
        if version == 0:
            raise DamageError(f"{self.path} has no tables", REPAIR)
        if version == 1:
            raise ArchiveFormatError(
                f"{self.path} has catalogue version 1, this edgarchive reads {SCHEMA_VERSION}",
                "run `edgarchive index` once: it brings the catalogue up to date",
            )

    def _translated(self) -> contextlib.AbstractContextManager[None]:
        return database_errors(self.path, hint=REPAIR)

    def rows(self, sql: str, parameters: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self._translated(), self._lock:
            self._check_open()
            if not self._writable and not self._frozen:
                self._follow()
            return self._connection.execute(sql, tuple(parameters)).fetchall()

    def _follow(self) -> None:
        """Reopen the file if this connection would not notice a change to it.

        That is the case if a writer has migrated it, if a repair has replaced it, and, where it was opened as immutable
        (in a folder that is read-only here, or on a full disk), after any change.
        """
        migrated = self._version < SCHEMA_VERSION and self._version_of(self._connection) != self._version
        if migrated or self._state() not in {self._seen, None}:
            connection, version = self._open()
            self._connection.close()
            self._connection, self._version = connection, version

    def _state(self) -> tuple[int, ...] | None:
        """A value that changes with another file and, where SQLite does not follow changes, with the file's state."""
        status = _status(self.path)
        if status is None:
            return None
        if not self._is_immutable and os.access(self.path.parent, os.W_OK):
            return (status.st_ino,)
        return status.st_ino, status.st_mtime_ns, status.st_size, int(has_log(self.path))

    def rows_of(self, sql: str, keys: Iterable[str]) -> Iterator[tuple[Any, ...]]:
        """The rows of `sql` for any number of `keys`, whose placeholders replace its ``{}``."""
        some = list(keys)
        for start in range(0, len(some), MAX_PARAMETERS):
            batch = [str(key) for key in some[start : start + MAX_PARAMETERS]]
            yield from self.rows(sql.format(", ".join("?" * len(batch))), batch)

    def records(self, columns: Columns[T], clauses: str, parameters: Iterable[Any] = ()) -> Iterator[T]:
        """The records in the rows that the clauses find, such as ``FROM run WHERE number = ?``."""
        for row in self.rows(f"SELECT {columns.names} {clauses}", parameters):
            yield self.parsed(columns.record, row)

    def pages(
        self, columns: Columns[T], table: str, *, order: Sequence[str], where: str = "", parameters: Iterable[Any] = ()
    ) -> Iterator[T]:
        """The records of a table by the columns `order`, read a page at a time so that memory use is constant."""
        key, marks, size = ", ".join(order), ", ".join("?" * len(order)), len(order)
        condition = f"{where} AND" if where else ""
        after: tuple[Any, ...] = ("",) * size
        while rows := self.rows(
            f"SELECT {columns.names}, {key} FROM {table} WHERE {condition} ({key}) > ({marks})"
            f" ORDER BY {key} LIMIT {_PAGE_ROWS}",
            (*parameters, *after),
        ):
            yield from (self.parsed(columns.record, row[:-size]) for row in rows)
            after = rows[-1][-size:]

    def parsed(self, read: Callable[[tuple[Any, ...]], T], row: tuple[Any, ...]) -> T:
        """Each row converted by `read`. Raises `DamageError` for an impossible value."""
        try:
            return read(row)
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise DamageError(f"{self.path} is damaged: in the row of {ascii(row[0])[:60]}, {error}", REPAIR) from error

    def salvage(self, columns: Columns[T], table: str, key: str) -> Iterator[T]:
        """The rows of a damaged table that are still readable, from both ends of `key` up to the damage.

        A row may be returned twice; rows with impossible values are left out. If anything cannot be read, the table is
        then `incomplete`.
        """
        for order in ("ASC", "DESC"):
            try:
                with self._translated(), self._lock:
                    self._check_open()
                    for row in self._connection.execute(f"SELECT {columns.names} FROM {table} ORDER BY {key} {order}"):
                        try:
                            yield self.parsed(columns.record, row)
                        except DamageError:
                            self.incomplete.add(table)
            except (DamageError, StorageError):
                self.incomplete.add(table)

    def write(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Run one statement for each of `rows` in one transaction."""
        listed = list(rows)
        if listed:
            with self.transaction() as connection:
                connection.executemany(sql, listed)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A transaction of several statements."""
        with self._translated(), self._lock:
            self._check_open()
            with one_transaction(self._connection):
                yield self._connection

    def make_durable(self) -> None:
        """Sync everything written to disk, so that a power failure cannot undo it."""
        [(busy, logged, copied)] = self.rows("PRAGMA wal_checkpoint(PASSIVE)")
        if busy or copied < logged:  # another process is reading, and SQLite may have synced nothing
            try:
                for path in (self.path.with_name(f"{self.path.name}-wal"), self.path.parent):
                    _sync(path)
            except OSError as error:
                raise StorageError(f"cannot write {self.path}: {error}", "check the disk") from error

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._closed = True
            self._connection.close()

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError("the archive is closed", "open it again")
