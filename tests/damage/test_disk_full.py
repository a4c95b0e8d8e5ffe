"""No room left in each phase: on a small file system of its own where one can be mounted, else by a limit on files."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from archiver.errors import StorageError
from archiver.settings.settings import Settings
from edgarchive import Library, import_submissions, save_search
from indexer.index_folder import engine_class
from tests.damage.phases import PHASES, faults, nc, originals, outcome, publish_feed, reported_stored
from tests.edgar_fixtures import command_line
from tests.loopback import LoopbackEdgar
from tests.thorough import rounds
from tests.unit.index_entries import accession, entry

_ROOMS_KB = (16, 64, 112, 160, 208, 256, 320)[:: rounds(3, thorough=1)]
"""Free room at the start, from not enough for the catalogue to enough for all but the last steps of some phases."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Mounts a file system of so many KB; skips where that is not allowed. Called again, it resizes."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = False

    def mount(size_kb: int) -> Path:
        nonlocal mounted
        options = f"{'remount,' if mounted else ''}size={size_kb}k"
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(place)], capture_output=True)  # noqa: PLW1510, S607
        if done.returncode:
            pytest.skip(f"a file system cannot be mounted here: {done.stderr.decode().strip()}")
        mounted = True
        return place

    yield mount
    if mounted:
        subprocess.run(["umount", str(place)], check=True)  # noqa: S607


def _used_kb(place: Path) -> int:
    status = os.statvfs(place)
    return (status.f_blocks - status.f_bfree) * status.f_frsize // 1024


@pytest.mark.parametrize("phase", PHASES)
def test_no_room_left(
    edgar: LoopbackEdgar,
    settings: Settings,
    tmp_path: Path,
    small_disk: Callable[[int], Path],
    phase: str,
) -> None:
    """It ends with 7 in one line; nothing half written is reported as stored; with room it completes."""
    publish_feed(edgar)
    PHASES[phase].before(settings, tmp_path)
    elsewhere = command_line(settings, tmp_path)
    assert elsewhere.run(*PHASES[phase].command(tmp_path)).returncode == 0
    whole = outcome(settings.root)
    ends = []
    for number, room_kb in enumerate(_ROOMS_KB):
        place = small_disk(100_000)
        there = settings.replace(root=place / f"archive-{number}")
        PHASES[phase].before(there, _new(place / f"others-{number}"))
        before = reported_stored(there.root)
        small_disk(_used_kb(place) + room_kb)
        done = command_line(there, tmp_path).run(*PHASES[phase].command(tmp_path))
        ends.append(done.returncode)
        if done.returncode:
            lines = done.stderr.decode().splitlines()
            assert done.returncode == 7, lines
            assert all(line.startswith("edgarchive: ") for line in lines), lines
            assert len([line for line in lines if ": WARNING: " not in line]) == 1, lines
            assert faults(there.root) == [], room_kb
            assert before.keys() <= reported_stored(there.root).keys()
        small_disk(100_000)
        PHASES[phase].again(there, tmp_path)
        assert outcome(there.root) == whole
    assert 7 in ends


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_a_full_disk_can_be_read(settings: Settings, tmp_path: Path, small_disk: Callable[[int], Path]) -> None:
    """Searching and showing need no room; a library opened then follows what is written when there is room again."""
    place = small_disk(100_000)
    there = settings.replace(root=place / "archive")
    import_submissions([originals(tmp_path)], settings=there)
    small_disk(_used_kb(place))
    with Library(there.root) as library:
        found = library.search("resigned").total
        assert found
        assert library.status().submissions
        with pytest.raises(StorageError, match="no room left"):
            save_search(there, "departures", "resigned", {})
        small_disk(100_000)
        (tmp_path / "more.nc").write_bytes(nc("0009000900-04-000999"))
        import_submissions([tmp_path / "more.nc"], settings=there)
        assert library.search("resigned").total == found + 1
        assert library.record("0009000900-04-000999").form == "8-K"


@pytest.mark.parametrize("engine", ["whoosh", "tantivy"])
def test_discarding_a_part_needs_no_room(tmp_path: Path, engine: str) -> None:
    """What is still in memory cannot be written when its file is closed: that hides no error that came before."""
    (tmp_path / "index").mkdir()
    with contextlib.closing(engine_class(engine).create(tmp_path / "index")) as index:
        writer = index.part_writer()()
        for number in range(1, 3000):
            writer.add(accession(number), [entry(number, "some words")])
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
        try:
            if engine == "whoosh":  # it writes a segment at its end
                with pytest.raises(StorageError):
                    writer.finish()
            writer.discard()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
