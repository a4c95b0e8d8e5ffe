"""What the journal says about syncs: their selections, and the state of the last one."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date
from typing import Any

from archiver.catalogue import values
from archiver.catalogue.catalogue import Catalogue
from archiver.catalogue.database import REPAIR
from archiver.catalogue.runs import Run
from archiver.errors import DamageError
from archiver.selection.selection import Selection
from archiver.startup.dataclass import dataclass

SYNC_VERBS = ("sync", "feed")

_COUNTS = ("planned", "present", "stored", "absent", "failed")
_OLD_LAST_SYNC = "last_sync"
_OLD_SYNC = "sync"
"""Notes of an archive last synced before there was a journal: the end of a sync, and its state in JSON."""


@dataclass(frozen=True, slots=True)
class SyncState:
    """The last sync: when it began and ended or stopped (neither if it runs or was killed), and its counts.

    Times are ISO 8601 in UTC. `failures` holds at most a hundred accession numbers. `run` is its number in the journal,
    None if older. `updated` is when the counts were written. For a sync that has not ended, `rate` is the number of
    submissions finished per second, and `eta_s` the seconds that the rest takes at that rate.
    """

    began: str
    ended: str | None = None
    stopped: str | None = None
    planned: int = 0
    present: int = 0
    stored: int = 0
    absent: int = 0
    failed: int = 0
    failures: tuple[str, ...] = ()
    run: int | None = None
    updated: str | None = None
    rate: float | None = None
    eta_s: float | None = None

    @property
    def behind(self) -> int:
        """How many planned submissions were not processed or failed."""
        return self.planned - self.present - self.stored - self.absent


def last_sync(catalogue: Catalogue) -> SyncState | None:
    """The last sync that began in this archive, or None."""
    for run in catalogue.runs.latest(1, verbs=SYNC_VERBS):
        ended = run.ended.isoformat(timespec="seconds") if run.ended else None
        rate, eta_s = _speed(run) if run.outcome is None else (None, None)
        return SyncState(
            began=run.began.isoformat(timespec="seconds"),
            ended=ended if run.outcome == "done" else None,
            stopped=ended if run.outcome == "stopped" else None,
            planned=run.planned,
            present=run.present,
            stored=run.stored,
            absent=run.absent,
            failed=run.failed,
            failures=run.failures,
            run=run.number,
            updated=run.updated.isoformat(timespec="seconds"),
            rate=rate,
            eta_s=eta_s,
        )
    note = catalogue.note(_OLD_SYNC)
    return None if note is None else _old_state(note)


def _speed(run: Run) -> tuple[float | None, float | None]:
    """The submissions per second of a run so far, and the seconds that the rest takes at that rate."""
    fetched, elapsed_s = run.stored + run.absent + run.failed, (run.updated - run.began).total_seconds()
    if not fetched or elapsed_s <= 0:
        return None, None
    rate = fetched / elapsed_s
    return round(rate, 2), round((run.planned - run.present - fetched) / rate, 1)


def last_sync_ended(catalogue: Catalogue) -> str | None:
    """When the last complete sync ended, ISO 8601 in UTC; None if there was none."""
    for run in catalogue.runs.latest(verbs=SYNC_VERBS):
        if run.outcome == "done" and run.ended:
            return run.ended.isoformat(timespec="seconds")
    return catalogue.note(_OLD_LAST_SYNC)


def selection_values(selections: Sequence[Selection], **options: Any) -> dict[str, Any]:
    """The request of a sync as plain JSON values: the filters of each selection, and the other `options`."""
    select = [
        {
            field.name: value.isoformat() if isinstance(value, date) else value
            for field in dataclasses.fields(selection)
            if field.init and (value := getattr(selection, field.name))
        }
        for selection in selections
    ]
    return {"select": select, **options}


def _old_state(note: str) -> SyncState:
    try:
        known = values.json_of(dict, note)
        counts: dict[str, Any] = {name: values.integer(known[name]) for name in _COUNTS}
        return SyncState(
            began=values.text(known["began"]),
            ended=values.optional(values.text)(known["ended"]),
            stopped=values.optional(values.text)(known["stopped"]),
            **counts,
            failures=tuple(map(values.text, known["failures"])),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise DamageError(f"the catalogue is damaged: in the note {_OLD_SYNC!r}, {error}", REPAIR) from error
