"""What the catalogue remembers of the last sync, so that `status` can say what is behind."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from archiver.errors import StorageError
from archiver.planning.tally import Tally
from archiver.store.catalogue import Catalogue

LAST_SYNC = "last_sync"
"""The note of when the last sync that came to its end ended, ISO 8601 in UTC."""
SYNC = "sync"
"""The note of the last sync that began, in JSON: `SyncState`."""

_MOST_FAILURES = 100


@dataclass(frozen=True, slots=True)
class SyncState:
    """The last sync: when it began, and ended or stopped (neither: it runs, or was killed), and its counts by then.

    Times are ISO 8601 in UTC. `failures` are accession numbers, a hundred at most.
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

    @property
    def behind(self) -> int:
        """How many planned submissions it had not dealt with, or could not have."""
        return self.planned - self.present - self.stored - self.absent


@contextlib.contextmanager
def sync_note(catalogue: Catalogue, tally: Tally) -> Iterator[Callable[[], None]]:
    """Note that a sync begins, and, with the counts of `tally`, how it ends; call the value to note them in between."""
    began = _now()

    def note() -> None:
        _write(catalogue, tally, began=began)

    note()
    try:
        yield note
    except BaseException:
        with contextlib.suppress(StorageError):  # the disk is full, perhaps: what stopped the run matters more
            _write(catalogue, tally, began=began, stopped=_now())
        raise
    ended = _now()
    _write(catalogue, tally, began=began, ended=ended)
    catalogue.set_note(LAST_SYNC, ended)


def last_sync(catalogue: Catalogue) -> SyncState | None:
    """The last sync that began in this archive, or None."""
    note = catalogue.note(SYNC)
    if note is None:
        return None
    values = json.loads(note)
    return SyncState(**values | {"failures": tuple(values["failures"])})


def _write(catalogue: Catalogue, tally: Tally, **moments: str) -> None:
    report = tally.report
    state = SyncState(
        **moments,
        planned=report.planned,
        present=report.present,
        stored=report.stored,
        absent=report.absent,
        failed=report.failed,
        failures=tuple(str(failure.accession) for failure in tally.failures[:_MOST_FAILURES] if failure.accession),
    )
    catalogue.set_note(SYNC, json.dumps(asdict(state)))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
