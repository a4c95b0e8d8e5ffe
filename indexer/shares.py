"""Parts of an archive that several machines index at once, each with its own: which submissions, and which are done.

Storage that machines share serves no database that two of them write to. So the catalogue stays as it is meanwhile;
each share notes what is indexed in a small database of its own, which only the holder of that share writes, and the
next run that indexes the whole archive takes those notes over.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import sqlite3
import zlib
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from archiver.catalogue import CatalogueRecord
from archiver.database import database_errors
from archiver.durable import fsync_directory, make_directories, storage_errors, write_file_durably
from archiver.errors import UsageError
from archiver.identifiers import AccessionNumber

PLACES = 1 << 16
"""Places in each filing year; a submission's is told by its accession number, and a shard has a run of them."""

FIRST_YEAR, LAST_YEAR = 1900, 2155
_AT_ONCE = 500
_ANEW = "anew"
_YEARS = re.compile(r"(\d{4})(?:-(\d{4}))?", re.ASCII)
_SHARD = re.compile(r"(\d{1,4})/(\d{1,4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Share:
    """The submissions of some filing years, both ends included, and of one of `shards` equal parts of each year.

    Raises `UsageError` where that is nothing.
    """

    first_year: int = FIRST_YEAR
    last_year: int = LAST_YEAR
    shard: int = 1
    shards: int = 1

    def __post_init__(self) -> None:
        if not FIRST_YEAR <= self.first_year <= self.last_year <= LAST_YEAR:
            raise UsageError(
                f"{self.first_year}-{self.last_year} are no filing years", "give them as 2015 or 2015-2020"
            )
        if not 1 <= self.shard <= self.shards:
            raise UsageError(f"there is no shard {self.shard} of {self.shards}", "give 1/4, 2/4, 3/4 or 4/4, say")

    @classmethod
    def parse(cls, *, years: str | None, shard: str | None) -> Self | None:
        """The share of `years` (``2015`` or ``2015-2020``) and `shard` (``2/4``); None without both.

        Raises `UsageError`.
        """
        if years is None and shard is None:
            return None
        first, last = (FIRST_YEAR, LAST_YEAR) if years is None else _numbers(_YEARS, years, "2015 or 2015-2020")
        number, of = (1, 1) if shard is None else _numbers(_SHARD, shard, "1/4, 2/4, 3/4 or 4/4, say")
        return cls(first, last, number, of)

    @property
    def name(self) -> str:
        """For files, such as ``2015-2020-2of4``."""
        return f"{self.first_year}-{self.last_year}-{self.shard}of{self.shards}"

    def __contains__(self, record: object) -> bool:
        if not isinstance(record, CatalogueRecord):
            return False
        start, end = self._places()
        return (
            self.first_year <= record.filing_date.year <= self.last_year
            and start <= zlib.crc32(record.accession.encode()) % PLACES < end
        )

    def ranges(self) -> Iterator[tuple[int, int]]:
        """What a writer of this share locks: the first byte and the length of ranges.

        Two shares have bytes in common if they could have a submission in common, and only then.
        """
        start, end = self._places()
        if self.shards == 1:
            yield self.first_year * PLACES, (self.last_year - self.first_year + 1) * PLACES
            return
        for year in range(self.first_year, self.last_year + 1):
            yield year * PLACES + start, end - start

    def _places(self) -> tuple[int, int]:
        return (self.shard - 1) * PLACES // self.shards, self.shard * PLACES // self.shards


class ShareNotes:
    """Which submissions of a share are indexed, by accession number and sha256. The caller holds the share's lock."""

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
        """Those of `records` whose bytes are not indexed yet. Raises `DamageError`, `StorageError`."""
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
        """Remember, durably, what was committed. Raises `DamageError`, `StorageError`."""
        with self._translated():
            self._connection.execute("BEGIN")
            self._connection.executemany("INSERT OR REPLACE INTO indexed VALUES (?, ?)", pairs)
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def _translated(self) -> contextlib.AbstractContextManager[None]:
        return database_errors(self._path, hint="remove this file: what it notes is indexed once more")


def note_anew(folder: Path) -> None:
    """Note that the index was made by a share, so that what the catalogue says is indexed is not in it.

    Raises `StorageError`.
    """
    with storage_errors(folder):
        make_directories(folder)
    write_file_durably(folder / _ANEW, b"")


def is_anew(folder: Path) -> bool:
    """Whether that is noted."""
    return (folder / _ANEW).exists()


def forget_anew(folder: Path) -> None:
    """The catalogue has learnt of it. Raises `StorageError`."""
    with storage_errors(folder):
        (folder / _ANEW).unlink()
        fsync_directory(folder)


def taken_notes(folder: Path) -> Generator[list[tuple[AccessionNumber, str]]]:
    """The pairs of each share's notes, a portion at a time. Notes are removed once their last portion is taken.

    Raises `DamageError`, `StorageError`.
    """
    for path in sorted(folder.glob("*.sqlite3")):
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


def _numbers(pattern: re.Pattern[str], text: str, example: str) -> tuple[int, int]:
    match = pattern.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"cannot read {text!r}", f"give {example}")
    return int(match[1]), int(match[2] or match[1])
