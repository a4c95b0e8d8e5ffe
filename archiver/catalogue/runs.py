"""The journal: all runs and what each of them stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

from archiver.catalogue import values
from archiver.catalogue.database import Database
from archiver.catalogue.records import SUBMISSION, VERSION, CatalogueRecord, VersionRecord
from archiver.identifiers import AccessionNumber
from archiver.reports import SyncReport
from archiver.startup.dataclass import dataclass

_COUNTS = ("planned", "present", "stored", "absent", "failed", "withdrawn", "bytes", "requests")
LOST_VERB = "unknown"
_MAX_FAILURES = 100
_MOST_NUMBER = (1 << 63) - 1
"""The largest number of SQLite."""
_PAGE_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Run:
    """One run: its `verb`, what was requested (`selection`, plain JSON values), and its state.

    `updated` is when its counts were last written. `outcome` is ``done``, ``stopped`` (by an error or a person;
    `message` gives the reason), or None while it runs or if it was killed. The counts are those of a `SyncReport`;
    `failures` holds at most a hundred accession numbers.
    """

    number: int
    verb: str
    selection: dict[str, Any]
    began: datetime
    updated: datetime
    ended: datetime | None
    outcome: str | None
    message: str | None
    planned: int
    present: int
    stored: int
    absent: int
    failed: int
    withdrawn: int
    bytes: int
    requests: int
    failures: tuple[AccessionNumber, ...]

    @property
    def behind(self) -> int:
        """How many planned submissions were not processed or failed."""
        return self.planned - self.present - self.stored - self.absent


_RUN = values.Columns(
    Run,
    number=values.integer,
    verb=values.text,
    selection=partial(values.json_of, dict),
    began=values.moment,
    updated=values.moment,
    ended=values.optional(values.moment),
    outcome=values.optional(lambda value: values.one_of(value, "done", "stopped")),
    message=values.optional(values.text),
    **dict.fromkeys(_COUNTS, values.integer),
    failures=lambda value: tuple(AccessionNumber(values.text(one)) for one in values.json_of(list, value)),
)


class Runs:
    """The journal. Rows are only added, and change only during their run."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, verb: str, selection: dict[str, Any], *, began: datetime) -> int:
        """Record, durably, that a run begins; returns its number, which no other run has had."""
        moment = began.isoformat()
        with self._database.transaction() as connection:
            newest = connection.execute(
                "SELECT max(coalesce((SELECT max(number) FROM run), 0),"
                " coalesce((SELECT max(run) FROM submission), 0), coalesce((SELECT max(run) FROM beside), 0))"
            ).fetchone()[0]
            number = self._database.parsed(lambda row: values.integer(row[0]), (newest,)) + 1
            connection.execute(
                "INSERT INTO run (number, verb, selection, began, updated) VALUES (?, ?, ?, ?, ?)",
                (number, verb, json.dumps(selection), moment, moment),
            )
        self._database.make_durable()
        return number

    def update(self, number: int, report: SyncReport, *, updated: datetime) -> None:
        """Record the state of a run, for other processes and in case it is killed."""
        self._set(number, report, updated, ended=None, outcome=None, message=None)

    def end(
        self, number: int, report: SyncReport, *, ended: datetime, outcome: str, message: str | None = None
    ) -> None:
        """Record, durably, how a run ended."""
        self._set(number, report, ended, ended=ended.isoformat(), outcome=outcome, message=message)
        self._database.make_durable()

    def _set(
        self,
        number: int,
        report: SyncReport,
        updated: datetime,
        *,
        ended: str | None,
        outcome: str | None,
        message: str | None,
    ) -> None:
        counts = ", ".join(f"{name} = ?" for name in _COUNTS)
        failures = [str(failure.accession) for failure in report.failures if failure.accession][:_MAX_FAILURES]
        self._database.write(
            f"UPDATE run SET updated = ?, ended = ?, outcome = ?, message = ?, failures = ?, {counts} WHERE number = ?",
            [
                (
                    updated.isoformat(),
                    ended,
                    outcome,
                    message,
                    json.dumps(failures),
                    *(getattr(report, name) for name in _COUNTS),
                    number,
                )
            ],
        )

    def put_back(self, run: Run) -> None:
        """Restore a run from another catalogue unless its number is taken."""
        self._database.write(f"INSERT OR IGNORE INTO run ({_RUN.names}) VALUES ({_RUN.marks})", [_RUN.row(run)])

    def note_lost(self, number: int) -> None:
        """Record a run that the journal has lost; only what it stored, and when, is known."""
        [(stored, began)] = self._database.rows(
            "SELECT count(*), min(stored_at) FROM (SELECT stored_at FROM submission WHERE run = ?1 OR added_run = ?1"
            " UNION ALL SELECT stored_at FROM beside WHERE run = ?1)",
            (number,),
        )
        self._database.write(
            "INSERT OR IGNORE INTO run (number, verb, selection, began, updated, stored) VALUES (?, ?, '{}', ?, ?, ?)",
            [(number, LOST_VERB, began, began, stored)],
        )

    def get(self, number: int) -> Run | None:
        """The run `number`, or None."""
        if not 0 < number <= _MOST_NUMBER:
            return None
        return next(self._database.records(_RUN, "FROM run WHERE number = ?", (number,)), None)

    def latest(self, limit: int | None = None, *, verbs: tuple[str, ...] = ()) -> Iterator[Run]:
        """Runs, newest first: at most `limit`, and only those of `verbs` if given."""
        before, left = 1 << 62, limit
        where = f"verb IN ({', '.join('?' * len(verbs))}) AND" if verbs else ""
        while left is None or left > 0:
            runs = list(
                self._database.records(
                    _RUN,
                    f"FROM run WHERE {where} number < ? ORDER BY number DESC LIMIT ?",
                    (*verbs, before, min(_PAGE_ROWS, _PAGE_ROWS if left is None else left)),
                )
            )
            if not runs:
                return
            yield from runs
            before = runs[-1].number
            left = None if left is None else left - len(runs)

    def stored(self, number: int) -> Iterator[CatalogueRecord | VersionRecord]:
        """What a run stored and the archive still has: submissions, and bytes now stored beside newer ones."""
        yield from self._database.pages(
            SUBMISSION, "submission", order=("accession",), where="run = ?", parameters=(number,)
        )
        yield from self._database.records(VERSION, "FROM beside WHERE run = ? ORDER BY accession, sha256", (number,))

    def salvage(self) -> Iterator[Run]:
        """Runs still readable in a damaged catalogue."""
        return self._database.salvage(_RUN, "run", "number")

    def unknown(self) -> list[int]:
        """Run numbers that submissions name but the journal lacks."""
        rows = self._database.rows(
            "SELECT run FROM (SELECT DISTINCT run FROM submission UNION SELECT DISTINCT added_run FROM submission"
            " UNION SELECT DISTINCT run FROM beside) WHERE run IS NOT NULL AND run NOT IN (SELECT number FROM run)"
            " ORDER BY run"
        )
        return [self._database.parsed(lambda row: values.integer(row[0]), row) for row in rows]
