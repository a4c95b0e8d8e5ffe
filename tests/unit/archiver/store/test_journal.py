from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from archiver.errors import StorageError, UnreachableError
from archiver.reports import SyncReport
from archiver.store.archive import Archive
from archiver.store.journal import journal
from tests.unit.archives import STORED


class Clock:
    """A clock that goes on by a minute each time it is read."""

    def __init__(self) -> None:
        self.now = STORED - timedelta(minutes=1)

    def __call__(self) -> datetime:
        """The next minute."""
        self.now += timedelta(minutes=1)
        return self.now


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """An empty archive, open for writing."""
    with Archive.open(tmp_path / "archive", writable=True, create=True) as made:
        yield made


def test_a_run_is_noted_from_beginning_to_end(archive: Archive) -> None:
    """With its number for whoever stores, its counts in between, and how it ended."""
    reports = [SyncReport(planned=3, present=1)]
    with journal(archive, "sync", {"select": []}, lambda: reports[-1], clock=Clock()) as note:
        assert archive.run == 1
        note()
        run = archive.catalogue.runs.get(1)
        assert run is not None
        assert (run.planned, run.behind, run.updated) == (3, 2, STORED + timedelta(minutes=1))
        assert run.outcome is None
        reports.append(SyncReport(planned=3, present=1, stored=2))
    run = archive.catalogue.runs.get(1)
    assert run is not None
    assert (run.stored, run.ended, run.outcome) == (2, STORED + timedelta(minutes=2), "done")
    number: int | None = archive.run
    assert number is None


@pytest.mark.parametrize(
    ("error", "message"),
    [(UnreachableError("EDGAR is away"), "EDGAR is away"), (KeyboardInterrupt(), "KeyboardInterrupt")],
)
def test_a_run_that_is_stopped_says_by_what(archive: Archive, error: BaseException, message: str) -> None:
    """And what stopped it is raised on."""
    with contextlib.suppress(type(error)), journal(archive, "sync", {}, SyncReport):
        raise error
    run = archive.catalogue.runs.get(1)
    assert run is not None
    assert (archive.run, run.outcome, run.message) == (None, "stopped", message)


@pytest.mark.parametrize("at_end", [False, True])
@pytest.mark.parametrize("instead", ["nothing", "another archive", "no archive"])
def test_a_run_is_not_done_in_an_archive_that_was_moved_meanwhile(
    archive: Archive, tmp_path: Path, instead: str, *, at_end: bool
) -> None:
    """Files that it stored since are where the archive was, and their rows where it is."""
    moved = tmp_path / "moved"

    def run_while_it_is_moved() -> None:
        with journal(archive, "sync", {}, SyncReport) as note:
            note()
            archive.root.rename(moved)
            if instead == "another archive":
                Archive.open(archive.root, writable=True, create=True).close()
            elif instead == "no archive":
                archive.layout.incoming.mkdir(parents=True)
            if not at_end:
                note()

    with pytest.raises(StorageError, match="was moved"):
        run_while_it_is_moved()
    archive.close()
    with Archive.open(moved) as there:
        run = there.catalogue.runs.get(1)
        assert run is not None
        assert run.outcome == "stopped"
