"""An archive on a file system that is mounted read-only."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from archiver.audit.verify import verify_files
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive import import_submissions
from tests.damage.phases import originals
from tests.edgar_fixtures import command_line
from tests.loopback import LoopbackEdgar


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Path, Callable[[], None]]]:
    """A file system of its own, and what makes it read-only; skips where none can be mounted."""
    folder = tmp_path / "mounted"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=50m", "none", str(folder)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"a file system cannot be mounted here: {done.stderr.decode().strip()}")

    def make_read_only() -> None:
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)  # noqa: S607

    yield folder, make_read_only
    subprocess.run(["umount", str(folder)], check=True)  # noqa: S607


def test_writing_ends_with_7_and_reading_works(
    edgar: LoopbackEdgar, settings: Settings, tmp_path: Path, place: tuple[Path, Callable[[], None]]
) -> None:
    """Sync, import and index say so in one line; search, show, status and verify answer."""
    folder, make_read_only = place
    there = settings.replace(root=folder / "archive")
    import_submissions([originals(tmp_path)], settings=there)
    make_read_only()
    cli = command_line(there, tmp_path)
    for verb in (("sync", "--since", "2004-01-01"), ("import", str(originals(tmp_path))), ("index", "--rebuild")):
        done = cli.run(*verb)
        assert done.returncode == 7, (verb, done.stderr.decode())
        assert len(done.stderr.decode().splitlines()) == 1
    for question in (("search", "resigned"), ("show", "0009000900-04-000200"), ("status",), ("verify",)):
        done = cli.run(*question)
        assert done.returncode == 0, (question, done.stderr.decode())
    assert edgar.requests == []


def test_rows_of_a_killed_writer_are_read(
    settings: Settings, tmp_path: Path, place: tuple[Path, Callable[[], None]]
) -> None:
    """They stand in the catalogue's log, which nobody can take into its file there."""
    folder, make_read_only = place
    there = settings.replace(root=folder / "archive")
    import_submissions([originals(tmp_path)], settings=there)
    catalogue = there.root / "catalogue.sqlite3"
    write_and_die = (
        "import os, sqlite3, sys; connection = sqlite3.connect(sys.argv[1]);"
        " connection.execute(\"UPDATE submission SET form = '8-K/A'\"); connection.commit(); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", write_and_die, str(catalogue)], check=False)
    assert catalogue.with_name("catalogue.sqlite3-wal").stat().st_size
    make_read_only()
    with Archive.open(there.root) as archive:
        assert {record.form for record in archive.catalogue.records()} == {"8-K/A"}
        assert verify_files(archive).findings == ()
