"""The plan of a run: one row per accession number, with its outcome.

The rows are in a private SQLite database on disk, so a plan of all of EDGAR (about 14 million submissions) takes no
more memory than one of ten.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from enum import IntEnum
from pathlib import Path
from typing import Any, Self

from archiver.catalogue.database import database_errors
from archiver.identifiers import AccessionNumber, Cik, FormType
from archiver.startup.dataclass import dataclass
from archiver.store.durable import storage_errors

AVERAGE_SUBMISSION_BYTES = {"8-K": 217_000}
DEFAULT_SUBMISSION_BYTES = 800_000
"""Decoded bytes of an average submission (PDS Technical Specification); an 8-K is smaller (measured)."""

FIRST_FEED_DAY = date(1995, 7, 1)
"""The Feed begins with 1995 Q3."""
_BATCH = 10_000
_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -65536;
CREATE TABLE plan (
    accession   TEXT PRIMARY KEY,
    form        TEXT NOT NULL,
    filing_date TEXT NOT NULL,
    cik         INTEGER NOT NULL,
    listed      INTEGER NOT NULL,
    quarter     TEXT NOT NULL,
    outcome     INTEGER NOT NULL
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class SubmissionRef:
    """A submission to fetch. `cik` is any of its entities; EDGAR serves the same bytes for each.

    `listed`: the full index lists it, not only a daily one. `quarter` is the quarter in whose indexes it was found.
    """

    accession: AccessionNumber
    form: FormType
    filing_date: date
    cik: Cik
    listed: bool = True
    quarter: str | None = None


class Outcome(IntEnum):
    """The state of a planned submission."""

    MISSING = 0
    PRESENT = 1
    STORED = 2
    ABSENT = 3
    FAILED = 4


class Plan:
    """The plan of one run. `folder` holds its unnamed database; None means SQLite's temporary folder.

    A context manager. One thread may add while no other reads. Raises `StorageError` if there is no room.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._path = folder / "plan.sqlite3" if folder else Path("the plan")
        if folder:
            with storage_errors(folder):
                folder.mkdir(exist_ok=True)
        with self._translated(), contextlib.ExitStack() as undo:
            self._connection = sqlite3.connect(
                str(self._path) if folder else "", isolation_level=None, check_same_thread=False
            )
            undo.callback(self.close)
            self._connection.executescript(_SCHEMA)
            undo.pop_all()
        self._counts = dict.fromkeys(Outcome, 0)
        if folder:
            self._path.unlink()  # the open file remains usable, and no kill leaves it behind

    def _translated(self) -> Any:
        return database_errors(self._path, hint="run the same command again")

    def _all(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self._translated():
            return self._connection.execute(sql, parameters).fetchall()

    def add(self, refs: Iterable[SubmissionRef], *, quarter: str = "") -> None:
        """Add `refs` found in `quarter`; an accession number that is already planned adds nothing."""
        rows = (
            (ref.accession, ref.form, ref.filing_date.isoformat(), int(ref.cik), ref.listed, quarter, Outcome.MISSING)
            for ref in refs
        )
        with self._translated():
            self._connection.execute("BEGIN")
            added = self._connection.executemany("INSERT OR IGNORE INTO plan VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            self._connection.execute("COMMIT")
        self._counts[Outcome.MISSING] += max(added.rowcount, 0)  # -1 if there was no row

    def note_present(self, present: Callable[[Sequence[AccessionNumber]], Iterable[AccessionNumber]]) -> None:
        """Call `present` with batches of some thousand accession numbers, and mark those it returns as stored."""
        for accessions in self.of(Outcome.MISSING):
            self.mark(present(accessions), Outcome.PRESENT)

    def mark(self, accessions: Iterable[AccessionNumber], outcome: Outcome) -> None:
        """Record outcomes; the last one of a submission counts."""
        left = [str(accession) for accession in accessions]
        with self._translated():
            self._connection.execute("BEGIN")
            for before in Outcome:  # nearly always `MISSING`
                if before is outcome or not self._counts[before]:
                    continue
                moved = self._connection.executemany(
                    "UPDATE plan SET outcome = ? WHERE accession = ? AND outcome = ?",
                    [(int(outcome), accession, int(before)) for accession in left],
                ).rowcount
                self._counts[before] -= moved
                self._counts[outcome] += moved
                if moved == len(left):
                    break
            self._connection.execute("COMMIT")

    def outcome(self, accession: AccessionNumber) -> Outcome | None:
        """The outcome of a submission; None if it is not in the plan."""
        rows = self._all("SELECT outcome FROM plan WHERE accession = ?", str(accession))
        return Outcome(rows[0][0]) if rows else None

    def missing(self) -> Iterator[SubmissionRef]:
        """What remains to be fetched, newest first. Submissions marked meanwhile may or may not be included."""
        after = ("9999-12-31", "~")
        self._all("CREATE INDEX IF NOT EXISTS newest ON plan (filing_date, accession)")
        while rows := self._all(
            "SELECT accession, form, filing_date, cik, listed, quarter FROM plan"
            f" WHERE outcome = {Outcome.MISSING:d} AND (filing_date, accession) < (?, ?)"
            f" ORDER BY filing_date DESC, accession DESC LIMIT {_BATCH}",
            *after,
        ):
            for accession, form, filing_date, cik, listed, quarter in rows:
                yield SubmissionRef(
                    accession=AccessionNumber(accession),
                    form=FormType(form),
                    filing_date=date.fromisoformat(filing_date),
                    cik=Cik(cik),
                    listed=bool(listed),
                    quarter=quarter or None,
                )
            after = (rows[-1][2], rows[-1][0])

    def count(self, *outcomes: Outcome) -> int:
        """The number of submissions with these outcomes, or of all. Constant time: counts are maintained."""
        return sum(self._counts[outcome] for outcome in outcomes or Outcome)

    def missing_by_form(self) -> dict[FormType, int]:
        """The number of submissions to fetch, by form."""
        rows = self._all(
            f"SELECT form, count(*) FROM plan WHERE outcome = {Outcome.MISSING:d} GROUP BY form ORDER BY 2 DESC, 1"
        )
        return {FormType(form): count for form, count in rows}

    def estimated_bytes(self) -> int:
        """Decoded bytes to fetch, estimated from the average size of each form."""
        return sum(
            count * AVERAGE_SUBMISSION_BYTES.get(form.base, DEFAULT_SUBMISSION_BYTES)
            for form, count in self.missing_by_form().items()
        )

    def missing_days(self) -> int:
        """The number of filing days to fetch; 0 if any is before the Feed."""
        first, count = self._all(
            f"SELECT min(filing_date), count(DISTINCT filing_date) FROM plan WHERE outcome = {Outcome.MISSING:d}"
        )[0]
        return count if count and date.fromisoformat(first) >= FIRST_FEED_DAY else 0

    def by_quarter(self) -> dict[str, tuple[int, bool]]:
        """For each quarter: how many submissions were found in it, and whether all are stored now."""
        done = f"outcome IN ({Outcome.PRESENT:d}, {Outcome.STORED:d})"
        rows = self._all(f"SELECT quarter, count(*), min({done}) FROM plan GROUP BY quarter")
        return {quarter: (count, bool(complete)) for quarter, count, complete in rows}

    def of(self, outcome: Outcome) -> Iterator[list[AccessionNumber]]:
        """The accession numbers with one outcome, in batches of some thousand."""
        last = ""
        while rows := self._all(
            f"SELECT accession FROM plan WHERE outcome = {outcome:d} AND accession > ? ORDER BY 1 LIMIT {_BATCH}", last
        ):
            yield [AccessionNumber(row[0]) for row in rows]
            last = rows[-1][0]

    def close(self) -> None:
        """Discard the plan."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
