"""Maintaining a run's entry in the journal."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from archiver.errors import EdgarchiveError
from archiver.reports import SyncReport
from archiver.store.archive import Archive


@contextlib.contextmanager
def journal(
    archive: Archive,
    verb: str,
    selection: dict[str, Any],
    report: Callable[[], SyncReport],
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[Callable[[], None]]:
    """Record in `archive`, open for writing, that a run of `verb` begins and how it ends, with the counts of `report`.

    Within the context, `archive.run` is the number of the run, which everything stored gets. Call the value to store
    the counts in between. `selection` is what was requested, as plain JSON values. Raises `StorageError`, also for an
    archive that was moved meanwhile, and `DamageError`.
    """
    runs = archive.catalogue.runs
    number = runs.begin(verb, selection, began=clock())
    archive.run = number

    def note() -> None:
        archive.require_in_place()
        runs.update(number, report(), updated=clock())

    try:
        yield note
        archive.require_in_place()
    except BaseException as error:
        with contextlib.suppress(EdgarchiveError):  # perhaps the disk is full; what stopped the run matters more
            runs.end(number, report(), ended=clock(), outcome="stopped", message=_reason(error))
        raise
    else:
        runs.end(number, report(), ended=clock(), outcome="done")
    finally:
        archive.run = None


def _reason(error: BaseException) -> str:
    return error.message if isinstance(error, EdgarchiveError) else type(error).__name__
