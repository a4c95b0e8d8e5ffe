"""The table of the text store: the location of each submission's record, in ``texts/index.sqlite3``.

It uses a rollback journal instead of a write-ahead log, so that it can be read where nothing may be written.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

from archiver.catalogue.database import database_errors, database_uri, one_transaction
from archiver.errors import ArchiveFormatError, DamageError, IdentifierError
from archiver.identifiers import AccessionNumber
from archiver.runtime.paths import exists, is_file
from archiver.startup.dataclass import dataclass
from indexer.texts.packs import FramePlace, TextPlace
from indexer.texts.parts import TextPart

TABLE_VERSION = 1
T = TypeVar("T")

TABLE_NAME = "index.sqlite3"

_SCHEMA = """
CREATE TABLE pack (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    bytes      INTEGER NOT NULL,
    live       INTEGER NOT NULL,
    text_bytes INTEGER NOT NULL,
    added      INTEGER NOT NULL
);
CREATE TABLE text (
    accession    INTEGER PRIMARY KEY,
    sha256       BLOB NOT NULL,
    extractor    INTEGER NOT NULL,
    pack         INTEGER NOT NULL,
    base         INTEGER NOT NULL,
    frame_offset INTEGER NOT NULL,
    frame_bytes  INTEGER NOT NULL,
    raw_bytes    INTEGER NOT NULL,
    start        INTEGER NOT NULL,
    length       INTEGER NOT NULL,
    text_bytes   INTEGER NOT NULL
);
CREATE INDEX text_pack ON text (pack);
CREATE TABLE note (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_COLUMNS = "accession, sha256, extractor, pack, base, frame_offset, frame_bytes, raw_bytes, start, length, text_bytes"
_VERSION_AT, _HEADER_BYTES = 60, 64
"""The location of the user version in the header of SQLite's file format."""
_AT_ONCE = 500
_BUSY_MS = 10_000
_REPAIR = "run `edgarchive verify --repair`"


@dataclass(frozen=True, slots=True)
class TextRow:
    """A submission in the store: its source, and the location of its record.

    Locations are relative to `base` in the pack `pack`. `text_bytes` is the size of all its texts.
    """

    accession: AccessionNumber
    sha256: str
    extractor: int
    pack: int
    base: int
    place: TextPlace
    text_bytes: int

    @property
    def end(self) -> int:
        """The end of its record's frame in the pack; its texts are before it."""
        frame = self.place.frame
        return self.base + (frame.offset + frame.stored_bytes if frame else 0)


@dataclass(frozen=True, slots=True)
class PackRow:
    """A pack: its size, its submissions in use, the size of their texts, and of all texts ever added."""

    number: int
    bytes: int
    live: int
    text_bytes: int
    added: int


def is_table(path: Path) -> bool:
    """Whether there is a complete table at `path`; one whose creation is unfinished does not count.

    Creation ends with the version in SQLite's header. If its journal still exists, SQLite undoes the creation at the
    next opening, so SQLite is asked.
    """
    try:
        if _is_strange(path):  # opening a pipe would wait for a writer; its reader reports what it is
            return True
        with path.open("rb") as file:
            head = file.read(_HEADER_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # its reader reports what it is
        return True
    return any(head[_VERSION_AT:]) and (not exists(path.with_name(f"{path.name}-journal")) or _is_created(path))


def _is_created(path: Path) -> bool:
    """Whether the table at `path` has a version once SQLite has undone what its journal holds."""
    try:
        with contextlib.closing(sqlite3.connect(database_uri(path, "mode=rw"), uri=True)) as connection:
            connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
            return bool(connection.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error:  # its reader reports what it is
        return True


def _is_strange(path: Path) -> bool:
    """Whether a pipe, a folder or the like is in the place of the table or of its journal."""
    return any(exists(one) and not is_file(one) for one in (path, path.with_name(f"{path.name}-journal")))


class TextTable:
    """The open table. Not thread-safe. Raises `DamageError`, `StorageError`."""

    def __init__(self, path: Path, *, writable: bool = False) -> None:
        """Open the table at `path`; with `writable`, create an empty one if there is none.

        Raises `ArchiveFormatError` if a newer edgarchive wrote it.
        """
        self._path = path
        if _is_strange(path):
            raise DamageError(f"{path} or its journal is not a regular file", "run `edgarchive verify --repair`")
        with self._errors(), contextlib.ExitStack() as undo:
            # a reader with write access can undo what a killed writer left unfinished
            mode = "rwc" if writable else "rw" if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK) else "ro"
            uri = database_uri(path, f"mode={mode}")
            self._connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
            undo.callback(self.close)
            self._connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if writable:
                # EXTRA also syncs the removal of the journal: if a power cut undid that, it would undo the transaction
                self._connection.execute("PRAGMA synchronous = EXTRA")
                if version == 0:
                    self._connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {TABLE_VERSION}; COMMIT;")
                    version = TABLE_VERSION
            if version != TABLE_VERSION:
                raise ArchiveFormatError(
                    f"{path} has version {version}, this edgarchive reads {TABLE_VERSION}",
                    "install a newer edgarchive, or remove the folder and run `edgarchive index`",
                )
            undo.pop_all()

    @property
    def is_empty(self) -> bool:
        """Whether there is no row."""
        with self._errors():
            return self._connection.execute("SELECT 1 FROM text LIMIT 1").fetchone() is None

    def get(self, accession: AccessionNumber) -> TextRow | None:
        """The row of a submission, or None."""
        return self.get_all([accession]).get(accession)

    def get_all(self, accessions: Sequence[AccessionNumber]) -> dict[AccessionNumber, TextRow]:
        """The rows of those of `accessions` that have one."""
        return {row.accession: row for row in self._of(accessions, _COLUMNS, _row)}

    def sources(self, accessions: Sequence[AccessionNumber]) -> dict[AccessionNumber, tuple[str, int]]:
        """The sha256 and extractor version of those of `accessions` that have a row."""
        return dict(self._of(accessions, "accession, sha256, extractor", _source))

    def _of(
        self, accessions: Sequence[AccessionNumber], columns: str, read: Callable[[tuple[Any, ...]], T]
    ) -> Iterator[T]:
        """What `read` makes of these `columns` of each of `accessions` that has a row."""
        for start in range(0, len(accessions), _AT_ONCE):
            some = accessions[start : start + _AT_ONCE]
            marks = ",".join("?" * len(some))
            with self._errors():
                found = self._connection.execute(
                    f"SELECT {columns} FROM text WHERE accession IN ({marks})",
                    [_number(accession) for accession in some],
                ).fetchall()
                made = list(map(read, found))
            yield from made

    def rows(self, *, pack: int | None = None) -> Iterator[TextRow]:
        """All rows, or those of one pack, by accession number, read a page at a time."""
        last = -1
        condition = "" if pack is None else f"pack = {pack:d} AND"
        while True:
            with self._errors():
                rows = self._connection.execute(
                    f"SELECT {_COLUMNS} FROM text WHERE {condition} accession > ? ORDER BY accession LIMIT {_AT_ONCE}",
                    (last,),
                ).fetchall()
                if not rows:
                    return
                found = [_row(row) for row in rows]
                for number, *_ in rows:
                    if number <= last:  # a damaged tree has no order, and pages of it no end
                        raise ValueError(f"the row of {number} follows that of {last}")
                    last = number
            yield from found

    def in_order(self, pack: int) -> Iterator[TextRow]:
        """The rows of a pack in the order of their records. Only numbers are kept, of 8 bytes, and no lock."""
        with self._errors():
            found = self._connection.execute(
                "SELECT accession FROM text WHERE pack = ? ORDER BY base + frame_offset, start", (pack,)
            )
            numbers = array("q", (number for (number,) in found))
        for number in numbers:
            with self._errors():
                row = self.get(_accession(number))
            if row is not None and row.pack == pack:  # otherwise it was replaced meanwhile
                yield row

    def packs(self) -> list[PackRow]:
        """All packs, oldest first."""
        with self._errors():
            rows = self._connection.execute("SELECT number, bytes, live, text_bytes, added FROM pack ORDER BY number")
            return [_pack(row) for row in rows]

    def new_pack(self) -> PackRow:
        """A new empty pack; its number was never used before."""
        with self._errors():
            cursor = self._connection.execute("INSERT INTO pack (bytes, live, text_bytes, added) VALUES (0, 0, 0, 0)")
        return PackRow(int(cursor.lastrowid or 0), 0, 0, 0, 0)

    def adopt(self, part: TextPart, *, pack: int, base: int) -> None:
        """Record, durably, that the bytes of `part` are in `pack` from `base` on, replacing older rows."""
        values = [
            (
                _number(entry.accession), bytes.fromhex(entry.sha256), part.extractor, pack, base,
                entry.place.frame.offset, entry.place.frame.stored_bytes, entry.place.frame.raw_bytes,
                entry.place.start, entry.place.length, entry.text_bytes,
            )
            for entry in part.entries
            if entry.place.frame
        ]  # fmt: skip
        with self._transaction():
            self._drop([entry.accession for entry in part.entries])
            marks = ",".join("?" * 11)
            self._connection.executemany(f"INSERT INTO text ({_COLUMNS}) VALUES ({marks})", values)
            added = sum(entry.text_bytes for entry in part.entries)
            self._connection.execute(
                "UPDATE pack SET bytes = ?, live = live + ?, text_bytes = text_bytes + ?, added = added + ?"
                " WHERE number = ?",
                (base + part.stored_bytes, len(values), added, added, pack),
            )

    def remove(self, accessions: Iterable[AccessionNumber]) -> None:
        """Remove the texts of `accessions`."""
        with self._transaction():
            self._drop(accessions)

    def remove_pack(self, number: int) -> None:
        """Remove a pack and everything in it."""
        with self._transaction():
            self._connection.execute("DELETE FROM text WHERE pack = ?", (number,))
            self._connection.execute("DELETE FROM pack WHERE number = ?", (number,))

    def note(self, key: str) -> str | None:
        """A stored value."""
        with self._errors():
            row = self._connection.execute("SELECT value FROM note WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_note(self, key: str, value: str | None) -> None:
        """Store `value` under `key`, or remove it if None."""
        with self._transaction():
            self._connection.execute("DELETE FROM note WHERE key = ?", (key,))
            if value is not None:
                self._connection.execute("INSERT INTO note VALUES (?, ?)", (key, value))

    def check(self) -> str | None:
        """What SQLite finds wrong with its file; None if nothing."""
        with self._errors():
            verdict = str(self._connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
        return None if verdict == "ok" else verdict

    def close(self) -> None:
        """Close the table."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _drop(self, accessions: Iterable[AccessionNumber]) -> None:
        for accession in accessions:
            number = (_number(accession),)
            self._connection.execute(
                "UPDATE pack SET live = live - 1, text_bytes = pack.text_bytes - old.text_bytes"
                " FROM (SELECT pack, text_bytes FROM text WHERE accession = ?) AS old WHERE number = old.pack",
                number,
            )
            self._connection.execute("DELETE FROM text WHERE accession = ?", number)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._errors(), one_transaction(self._connection):
            yield

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            with database_errors(self._path, hint=_REPAIR):
                yield
        except (ValueError, TypeError, AttributeError, IdentifierError) as error:  # SQLite has no checksums
            raise DamageError(f"{self._path} is damaged: {error}", _REPAIR) from error


def _row(values: tuple[Any, ...]) -> TextRow:
    number, sha256, extractor, pack, base, offset, stored, raw, start, length, text_bytes = values
    _check_sizes(number, extractor, pack, base, offset, stored, raw, start, length, text_bytes)
    place = TextPlace(FramePlace(offset, stored, raw), start, length)
    return TextRow(_accession(number), sha256.hex(), extractor, pack, base, place, text_bytes)


def _source(values: tuple[Any, ...]) -> tuple[AccessionNumber, tuple[str, int]]:
    number, sha256, extractor = values
    return _accession(number), (sha256.hex(), extractor)


def _pack(values: tuple[Any, ...]) -> PackRow:
    _check_sizes(*values)
    return PackRow(*values)


def _check_sizes(*values: object) -> None:
    """Raise ValueError if one of `values`, of the row of the first, is not a number or is negative."""
    for value in values:
        if not isinstance(value, int) or value < 0:
            raise ValueError(f"in the row of {values[0]}, {value!r:.40} is not a size")


def _number(accession: AccessionNumber) -> int:
    """The 18 digits of an accession number: SQLite stores a number in half the space of the text."""
    return int(accession.replace("-", ""))


def _accession(number: int) -> AccessionNumber:
    digits = f"{number:018d}"
    return AccessionNumber(f"{digits[:10]}-{digits[10:12]}-{digits[12:]}")
