"""Keeping the journal of a run while it lasts."""

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
    """Note in `archive`, open for writing, that a run of `verb` begins and how it ends, with the counts of `report`.

    Inside, `archive.run` is its number, which whatever is stored gets; call the value to note the counts in between.
    `selection` is what the run was asked for, in plain JSON values. Raises `StorageError`, `DamageError`.
    """
    runs = archive.catalogue.runs
    number = runs.begin(verb, selection, began=clock())
    archive.run = number
    try:
        yield lambda: runs.update(number, report(), updated=clock())
    except BaseException as error:
        with contextlib.suppress(EdgarchiveError):  # the disk is full, perhaps: what stopped the run matters more
            runs.end(number, report(), ended=clock(), outcome="stopped", message=_reason(error))
        raise
    else:
        runs.end(number, report(), ended=clock(), outcome="done")
    finally:
        archive.run = None


def _reason(error: BaseException) -> str:
    return error.message if isinstance(error, EdgarchiveError) else type(error).__name__
