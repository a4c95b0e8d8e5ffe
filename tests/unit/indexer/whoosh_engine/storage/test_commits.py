"""Commits of the engine over Whoosh, and the checksums that stand beside them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from indexer.whoosh_engine.engine import WhooshEngine
from indexer.whoosh_engine.storage import publishing
from tests.unit.index_entries import accession, add, entry


def committed(folder: Path, *numbers: int) -> None:
    """Add an entry for each of `numbers`, each in a commit of its own."""
    engine = WhooshEngine.open(folder, writable=True)
    for number in numbers:
        add(engine, accession(number), [entry(number, f"word{number}")])
        engine.commit()
    engine.close()


def damaged(folder: Path) -> list[str]:
    """The files that the engine says are damaged."""
    return [name for name, _ in WhooshEngine.open(folder).check()]


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum on this machine")
def test_the_checksums_can_be_checked_by_hand(tmp_path: Path) -> None:
    """`sha256sum --check` reads the one file of checksums there is, and it covers every file of the commit."""
    WhooshEngine.create(tmp_path).close()
    committed(tmp_path, 1, 2, 3)
    (sums,) = tmp_path.glob("*.sha256")
    command = ["sha256sum", "--check", "--strict", sums.name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    named = {line.split(":")[0] for line in done.stdout.decode().splitlines()}
    assert named == {path.name for path in tmp_path.iterdir() if path.suffix in {".seg", ".toc"}}


def test_an_empty_index_is_sound(tmp_path: Path) -> None:
    """The first table of contents has its checksum too."""
    WhooshEngine.create(tmp_path).close()
    assert damaged(tmp_path) == []


def test_a_merge_never_hides_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small segments, one of them damaged, are not made into one with a fresh checksum; sound ones are."""
    monkeypatch.setattr(publishing, "_MAX_SMALL_SEGMENTS", 3)
    WhooshEngine.create(tmp_path).close()
    committed(tmp_path, 1, 2, 3)
    victim = min(tmp_path.glob("*.seg"))
    sound = victim.read_bytes()
    flipped = bytearray(sound)
    flipped[sound.index(b"word")] ^= 1
    victim.write_bytes(flipped)
    committed(tmp_path, 4)
    assert damaged(tmp_path) == [victim.name]
    victim.write_bytes(sound)
    committed(tmp_path, 5)
    assert damaged(tmp_path) == []
    assert len(list(tmp_path.glob("*.seg"))) == 1


def test_checksums_of_earlier_commits_go_with_them(tmp_path: Path) -> None:
    """What a kill between a commit and its sweeping left goes with the next commit."""
    WhooshEngine.create(tmp_path).close()
    stray = tmp_path / "_MAIN_99.sha256"
    stray.write_bytes(b"")
    committed(tmp_path, 1)
    assert [path.name for path in tmp_path.glob("*.sha256")] == ["_MAIN_1.sha256"]
