"""Progress of shares that several machines index at once.

Shared storage cannot serve a database that two machines write to. So the catalogue is unchanged meanwhile. Each share
records what is indexed in a small database of its own, which only the holder of that share writes, and the next run
over the whole archive transfers these records.
"""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

from archiver.catalogue.database import database_errors
from archiver.catalogue.records import CatalogueRecord
from archiver.identifiers import AccessionNumber
from archiver.store.durable import files_in, fsync_directory, make_directories, reading_errors, storage_errors
from indexer.archive.share import Share

_AT_ONCE = 500


class ShareNotes:
    """The indexed submissions of a share, by accession number and sha256. The caller holds the share's lock."""

    def __init__(self, folder: Path, share: Share) -> None:
        self._path = folder / f"{share.name}.sqlite3"
        with storage_errors(folder):
            make_directories(folder)
        with self._translated(), contextlib.ExitStack() as undo:
            self._connection = sqlite3.connect(self._path, isolation_level=None)
            undo.callback(self.close)
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS indexed (accession TEXT PRIMARY KEY, sha256 TEXT NOT NULL) WITHOUT ROWID"
            )
            undo.pop_all()

    def without(self, records: Iterable[CatalogueRecord]) -> Iterator[CatalogueRecord]:
        """Those of `records` whose bytes are not indexed. Raises `DamageError`, `StorageError`."""
        records = iter(records)
        while some := list(itertools.islice(records, _AT_ONCE)):
            marks = ",".join("?" * len(some))
            with self._translated():
                known = dict(
                    self._connection.execute(
                        f"SELECT accession, sha256 FROM indexed WHERE accession IN ({marks})",
                        [record.accession for record in some],
                    )
                )
            yield from (record for record in some if known.get(record.accession) != record.sha256)

    def note(self, pairs: Iterable[tuple[AccessionNumber, str]]) -> None:
        """Record, durably, what was committed. Raises `DamageError`, `StorageError`."""
        with self._translated():
            self._connection.execute("BEGIN")
            self._connection.executemany("INSERT OR REPLACE INTO indexed VALUES (?, ?)", pairs)
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def _translated(self) -> contextlib.AbstractContextManager[None]:
        return database_errors(self._path, hint="remove this file: what it notes is indexed once more")


def taken_notes(folder: Path) -> Generator[list[tuple[AccessionNumber, str]]]:
    """The pairs recorded by all shares, in portions. Each share's records are deleted after their last portion.

    Raises `DamageError`, `StorageError`.
    """
    with reading_errors(folder):
        paths = files_in(folder, suffix=".sqlite3")
    for path in paths:
        with (
            database_errors(path, hint="remove this file: what it notes is indexed once more"),
            contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection,
        ):
            rows = connection.execute("SELECT accession, sha256 FROM indexed")
            while some := rows.fetchmany(10_000):
                yield [(AccessionNumber(accession), sha256) for accession, sha256 in some]
        with storage_errors(path):
            path.unlink()
            fsync_directory(folder)
