"""The SQLite database of the catalogue: opening, migrating, transactions, and SQLite's errors as ours."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from archiver.catalogue.schema import SCHEMA_VERSION, STEPS, VIEWS_OF_2
from archiver.errors import ArchiveFormatError, DamageError, StorageError, UsageError

T = TypeVar("T")

REPAIR = "run `edgarchive verify --repair`, which makes it again from the stored files"
"""What to do about a lost or damaged catalogue."""

MAX_PARAMETERS = 500
"""Values in one statement; SQLite takes 999 in its oldest versions."""

_BUSY_TIMEOUT_MS = 10_000


@contextlib.contextmanager
def database_errors(path: Path, *, hint: str) -> Iterator[None]:
    """Turn SQLite's errors on the database at `path` into `StorageError`, or `DamageError` with `hint`."""
    try:
        yield
    except sqlite3.OperationalError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the primary of an extended code
        if code == sqlite3.SQLITE_FULL:
            raise StorageError(f"no room left for {path}", "free some space and run again") from error
        if code == sqlite3.SQLITE_ERROR:  # SQL that is sound here: the tables it speaks of are not
            raise DamageError(f"{path} is damaged: {error}", hint) from error
        raise StorageError(f"cannot use {path}: {error}", "check the folder and its permissions") from error
    except sqlite3.ProgrammingError:  # our own mistake, and no damage
        raise
    except sqlite3.DatabaseError as error:
        raise DamageError(f"{path} is damaged: {error}", hint) from error


def has_log(path: Path) -> bool:
    """Whether rows may stand outside the file: another process writes, or a killed one has left them."""
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0


class Database:
    """One connection, guarded by a lock, so that threads may share it.

    `frozen`: a lock keeps all writers away. Then it is read without the files that SQLite makes beside it, which
    machines that share storage would read differently. A writer brings an older version up to date, in one
    transaction; a reader reads version 2 as it is. Raises `ArchiveFormatError`, `DamageError`, `StorageError`.
    """

    def __init__(self, path: Path, *, writable: bool, frozen: bool) -> None:
        self.path = path
        self._writable = writable
        self._frozen = frozen
        self._lock = threading.Lock()
        self._closed = False
        with self._translated():
            self._connection, self._version = self._open()

    def _open(self) -> tuple[sqlite3.Connection, int]:
        self._seen = self._state()
        if self._writable:
            options = "mode=rwc"
        elif not self._frozen and (os.access(self.path.parent, os.W_OK) or has_log(self.path)):
            options = "mode=ro"
        else:  # WAL wants to make a -shm file even to read; without a log there is no writer, nor rows outside the file
            options = "immutable=1"
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?{options}", uri=True, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
            version = self._version_of(connection)
            if self._writable:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                if version < SCHEMA_VERSION:
                    connection.execute("PRAGMA secure_delete = ON")  # what a migration takes out is gone
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
        """The rows that a query gives."""
        with self._translated(), self._lock:
            self._check_open()
            if not self._writable and not self._frozen:
                self._follow()
            return self._connection.execute(sql, tuple(parameters)).fetchall()

    def _follow(self) -> None:
        """Open the file again where this connection would not learn of what has become of it.

        That is where a writer has migrated it, where another file has taken its place (a repair), and, in a folder that
        is read-only here, where anything has changed: there it was opened as a file that does not change.
        """
        migrated = self._version < SCHEMA_VERSION and self._version_of(self._connection) != self._version
        if migrated or self._state() not in {self._seen, None}:
            connection, version = self._open()
            self._connection.close()
            self._connection, self._version = connection, version

    def _state(self) -> tuple[int, ...] | None:
        """What tells the file from another one and, where SQLite does not follow its changes, from its next state."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return None
        if os.access(self.path.parent, os.W_OK):
            return (status.st_ino,)
        return status.st_ino, status.st_mtime_ns, status.st_size, int(has_log(self.path))

    def rows_of(self, sql: str, keys: Iterable[str]) -> Iterator[tuple[Any, ...]]:
        """The rows that `sql` gives for any number of `keys`, which take the place of its ``{}``."""
        some = list(keys)
        for start in range(0, len(some), MAX_PARAMETERS):
            batch = [str(key) for key in some[start : start + MAX_PARAMETERS]]
            yield from self.rows(sql.format(", ".join("?" * len(batch))), batch)

    def understood(self, read: Callable[[tuple[Any, ...]], T], row: tuple[Any, ...]) -> T:
        """What `read` makes of a row. Raises `DamageError` where a value cannot be what it should be."""
        try:
            return read(row)
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise DamageError(f"{self.path} is damaged: in the row of {ascii(row[0])[:60]}, {error}", REPAIR) from error

    def salvage(self, sql: str, key: str, read: Callable[[tuple[Any, ...]], T]) -> Iterator[T]:
        """What can still be read of a damaged table by `sql`, from both ends of its `key` up to where it is broken.

        A row may come twice; one with an impossible value does not come.
        """
        for order in ("ASC", "DESC"):
            with contextlib.suppress(DamageError, StorageError), self._translated(), self._lock:
                self._check_open()
                for row in self._connection.execute(f"{sql} ORDER BY {key} {order}"):
                    with contextlib.suppress(DamageError):
                        yield self.understood(read, row)

    def write(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Run one statement for each of `rows`, in one transaction; nothing for none."""
        listed = list(rows)
        if listed:
            with self.transaction() as connection:
                connection.executemany(sql, listed)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Several statements that hold together or not at all."""
        with self._translated(), self._lock:
            self._check_open()
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                if self._connection.in_transaction:  # a full disk has ended it already
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def make_durable(self) -> None:
        """Bring everything that was written to the disk, where a power cut cannot undo it."""
        self.rows("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._closed = True
            self._connection.close()

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError("the archive is closed", "open it again")
