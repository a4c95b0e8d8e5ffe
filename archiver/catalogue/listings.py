"""What the catalogue stores about EDGAR's index files: the copies, and the quarters complete for a selection."""

from __future__ import annotations

import contextlib
from datetime import date
from typing import Any

from archiver.catalogue import values
from archiver.catalogue.database import Database
from archiver.startup.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class IndexFile:
    """A copy of one of EDGAR's index files (`archiver.listings.cache`).

    `path` is relative to EDGAR's ``Archives/edgar``; `sha256` is of the copy; `last_modified` is the HTTP date and
    `listed` the folder list's date and size, both in EDGAR's spelling; `last_day` is the latest filing date in it.
    """

    path: str
    sha256: str
    last_modified: str | None
    listed: str | None
    last_day: date | None

    @property
    def written_on(self) -> date | None:
        """When EDGAR wrote the file, by its own clock; None if it did not say."""
        from email.utils import parsedate_to_datetime  # noqa: PLC0415 — a search needs none of it

        with contextlib.suppress(ValueError, TypeError):
            return parsedate_to_datetime(self.last_modified).date() if self.last_modified else None
        return None


_INDEX_FILE = values.Columns(
    IndexFile,
    path=values.text,
    sha256=values.sha256,
    last_modified=values.optional(values.text),
    listed=values.optional(values.text),
    last_day=values.optional(values.day),
)


class IndexFiles:
    """Rows about the copies in ``indexes/``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, path: str) -> IndexFile | None:
        """The row of the copy of EDGAR's index file `path`, or None."""
        return next(self._database.records(_INDEX_FILE, "FROM index_file WHERE path = ?", (path,)), None)

    def all(self) -> list[IndexFile]:
        """Every row."""
        return list(self._database.records(_INDEX_FILE, "FROM index_file ORDER BY path"))

    def set(self, file: IndexFile) -> None:
        """Store the row of a copy."""
        self._database.write(
            f"INSERT OR REPLACE INTO index_file ({_INDEX_FILE.names}) VALUES ({_INDEX_FILE.marks})",
            [_INDEX_FILE.row(file)],
        )


class Checkpoints:
    """Finished quarters of selections: every submission selected in them is stored.

    `selection` and `version` (of the quarter's indexes) are fingerprints. Deleting any row of a submission deletes all
    checkpoints.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, selection: str, quarter: str, version: str) -> int | None:
        """The number of submissions selected in the quarter if all of them are stored; otherwise None."""
        rows = self._database.rows(
            "SELECT selection, quarter, version, planned FROM checkpoint"
            " WHERE selection = ? AND quarter = ? AND version = ?",
            (selection, quarter, version),
        )
        return self._database.parsed(_checkpoint, rows[0]) if rows else None

    def check(self) -> None:
        """Read every row. Raises `DamageError`."""
        for row in self._database.rows("SELECT selection, quarter, version, planned FROM checkpoint"):
            self._database.parsed(_checkpoint, row)

    def set(self, selection: str, quarter: str, version: str, *, planned: int) -> None:
        """Record that all `planned` submissions are stored."""
        self._database.write(
            "INSERT OR REPLACE INTO checkpoint (selection, quarter, version, planned) VALUES (?, ?, ?, ?)",
            [(selection, quarter, version, planned)],
        )

    def forget(self) -> None:
        """Let the next runs read every quarter again, because a stored file is missing."""
        self._database.write("DELETE FROM checkpoint", [()])


def _checkpoint(row: tuple[Any, ...]) -> int:
    selection, quarter, version, planned = row
    for value in (selection, quarter, version):
        values.text(value)
    return values.integer(planned)
