"""kill -9, Ctrl-C and rivals during a sync."""

from __future__ import annotations

import asyncio
import shutil
import signal
import time
from pathlib import Path

import pytest

from archiver.audit.verify import verify_files
from archiver.selection.selection import Selection
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive import Library, Mirror
from tests.edgar_fixtures import CommandLine
from tests.loopback import FIXTURES, LoopbackEdgar, faults

SYNC = ("sync", "--form", "*", "--since", "2003-01-01")
DATA = "/Archives/edgar/data"


def _wait_until_stored(settings: Settings, count: int) -> None:
    """Wait until `count` submissions are in their place."""
    deadline = time.monotonic() + 30
    while len(list((settings.root / "submissions").rglob("*.txt.gz"))) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("stored", [0, 1, 3, 6])
def test_kill_9_during_sync_loses_nothing_that_was_stored(
    edgar: LoopbackEdgar, settings: Settings, cli: CommandLine, stored: int
) -> None:
    """After a kill -9 no file is half written; the next run converges and fetches only what was not stored."""
    edgar.inject(faults.trickle(), path=f"{DATA}/*", times=None)
    with cli.start(*SYNC, EDGARCHIVE_RATE="40", EDGARCHIVE_CONCURRENCY="2") as process:
        if stored:
            _wait_until_stored(settings, stored)
        else:
            time.sleep(1.0)
        process.kill()
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    edgar.clear_faults()
    kept = len(list((settings.root / "submissions").rglob("*.txt.gz")))
    asked = len(edgar.requests_for(DATA))
    report = cli.json(*SYNC)
    assert len(edgar.requests_for(DATA)) - asked == report["planned"] - kept
    assert report["present"] + report["stored"] == report["planned"]
    with Archive.open(settings.root) as archive:
        checked = verify_files(archive)
        assert (checked.checked, checked.findings) == (report["planned"], ())
        assert all(
            archive.read(record.accession) == (FIXTURES / f"{record.accession}.txt").read_bytes()
            for record in archive.catalogue.records()
        )
    assert not list((settings.root / "incoming").iterdir())


def test_a_backup_of_a_running_sync_can_be_restored(
    edgar: LoopbackEdgar, settings: Settings, cli: CommandLine, tmp_path: Path
) -> None:
    """A copy made meanwhile, without what docs/howto/backup.md leaves out, is whole after a repair without EDGAR."""
    edgar.inject(faults.trickle(), path=f"{DATA}/*", times=None)
    restored = tmp_path / "restored"
    with cli.start(*SYNC, EDGARCHIVE_RATE="40", EDGARCHIVE_CONCURRENCY="2") as process:
        _wait_until_stored(settings, 4)
        shutil.copytree(settings.root, restored, ignore=shutil.ignore_patterns("index", "texts", "indexes", "incoming"))
        process.kill()
        process.communicate()
    copied = len(list((restored / "submissions").rglob("*.txt.gz")))
    asked = len(edgar.requests)
    report = cli.json("--root", str(restored), "verify", "--repair")
    assert (report["checked"], report["ok"], report["findings"]) == (copied, copied, [])
    assert len(edgar.requests) == asked
    assert cli.json("--root", str(restored), "search", "-n", "0")["total"] == copied


def test_ctrl_c_ends_at_once_with_130(edgar: LoopbackEdgar, settings: Settings, cli: CommandLine) -> None:
    """An interrupt ends the run before the rest is fetched, in one line, and leaves no temporary file."""
    edgar.inject(faults.trickle(), path=f"{DATA}/*", times=None)
    with cli.start(*SYNC, EDGARCHIVE_RATE="20", EDGARCHIVE_CONCURRENCY="2") as process:
        _wait_until_stored(settings, 3)  # of two workers one has then finished with a submission, its row included
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.decode().splitlines()[-1].startswith("edgarchive: interrupted")
    assert not list((settings.root / "incoming").iterdir())
    with Archive.open(settings.root) as archive:
        assert 1 <= archive.catalogue.count() < len(list(FIXTURES.glob("*.txt"))) - 3


def test_the_second_sync_of_an_archive_ends_with_6(edgar: LoopbackEdgar, settings: Settings, cli: CommandLine) -> None:
    """Two at once on one archive: the second says so and changes nothing."""
    edgar.inject(faults.trickle(), path=f"{DATA}/*", times=None)
    with cli.start(*SYNC, EDGARCHIVE_RATE="20", EDGARCHIVE_CONCURRENCY="2") as first:
        _wait_until_stored(settings, 1)
        second = cli.run(*SYNC)
        first.kill()
        first.communicate()
    assert second.returncode == 6
    assert b"another edgarchive is writing" in second.stderr


async def test_cancelled_while_indexing_it_ends_and_the_next_run_completes(
    edgar: LoopbackEdgar, settings: Settings
) -> None:
    """Cancelled in the middle of indexing, a sync gives the archive back at once; the next one indexes the rest."""
    number = "0009000900-04-000101"
    body = (FIXTURES / f"{number}.txt").read_bytes()
    for sequence in range(200_000, 200_150):
        edgar.add(body.replace(number.encode(), f"0009000900-04-{sequence}".encode()))
    selection = Selection(forms=["8-K"], since="2004-12-01", until="2004-12-31")
    async with Mirror(settings) as mirror:
        task = asyncio.create_task(mirror.sync(selection))
        while not settings.root.joinpath("index").exists():  # noqa: ASYNC110 — no event tells of a folder
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with Archive.open(settings.root, writable=True) as archive:
            assert archive.catalogue.count() == 151
            assert archive.catalogue.count_unindexed() > 0
        report = await mirror.sync(selection)
    assert (report.present, report.failures) == (151, ())
    with Library(settings.root) as library:
        assert library.search("resignation").total == 151
