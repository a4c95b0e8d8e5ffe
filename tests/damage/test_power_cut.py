"""A power cut, or a kill, after any single change to the disk, with what was not synced lost."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from tests.damage.disk import CUTS, Disk, Tree, compiler, read_changes, read_tree, recording, states, write_tree
from tests.damage.phases import PHASES, faults, outcome, publish_feed
from tests.edgar_fixtures import CommandLine
from tests.loopback import LoopbackEdgar
from tests.paths import ROOT
from tests.processes import EdgarchiveProcess
from tests.thorough import rounds

pytestmark = pytest.mark.skipif(compiler() is None, reason="changes are recorded by a preloaded library: Linux and cc")

TRIED = rounds(3, thorough=40)
"""States tried of each phase and cut; `scripts/bench damage` tries them all."""


def run_recorded(
    phase: str, edgar: LoopbackEdgar, settings: Settings, cli: CommandLine, folder: Path
) -> tuple[Disk, dict[str, Tree], Tree]:
    """Run a phase to its end: the disk afterwards, what a cut on the way leaves, and what really is there."""
    publish_feed(edgar)
    PHASES[phase].before(settings, folder)
    environment, log = recording(settings.root, folder)
    disk = Disk(settings.root)
    done = cli.run(*PHASES[phase].command(folder), **environment)
    assert done.returncode == 0, done.stderr.decode()
    actual = read_tree(settings.root)
    dice = random.Random(phase)  # noqa: S311 (the same cuts in every run)
    return disk, states(disk, read_changes(log), dice, most=2 * TRIED), actual  # twice, since some leave the same


@pytest.mark.parametrize("phase", PHASES)
def test_cut_after_any_change(
    edgar: LoopbackEdgar, settings: Settings, cli: CommandLine, tmp_path: Path, phase: str
) -> None:
    """No row without its durable, whole file, no entry without its row; the next run makes all as if never cut."""
    disk, found, actual = run_recorded(phase, edgar, settings, cli, tmp_path)
    assert disk.after("killed", random.Random(0)) == actual  # noqa: S311 (unused)
    whole = outcome(settings.root)
    dice = random.Random(f"{phase} chosen")  # noqa: S311 (the same choice in every run)
    for cut in CUTS:
        ways = [way for way in found if way.startswith(cut)]
        for way in dice.sample(ways, min(len(ways), TRIED)):
            root = tmp_path / "cut"
            write_tree(found[way], root)
            assert faults(root) == [], way
            PHASES[phase].again(settings.replace(root=root), tmp_path)
            assert outcome(root) == whole, way
            assert not list((root / "incoming").glob("*")), way
            shutil.rmtree(root)


_SAVED_WHILE_READ = """
import sqlite3, sys
from pathlib import Path
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive import save_search

root = Path(sys.argv[1])
save_search(Settings(root=root), "first", "resigned", {})
reader = sqlite3.connect(f"file:{root}/catalogue.sqlite3?mode=ro", uri=True, isolation_level=None)
reader.execute("BEGIN")
reader.execute("SELECT count(*) FROM saved_search").fetchall()
save_search(Settings(root=root), "second", "resigned", {})
sys.stdout.write("saved")
sys.stdout.flush()
"""


def test_what_is_durable_does_not_wait_for_readers(settings: Settings, cli: CommandLine, tmp_path: Path) -> None:
    """A search that was saved while another program read the catalogue survives the power cut right after."""
    environment, log = recording(settings.root, tmp_path)
    disk = Disk(settings.root)
    process = EdgarchiveProcess(
        str(settings.root), code=_SAVED_WHILE_READ, environment={**cli.environment, **environment}, folder=ROOT
    )
    assert process.communicate() == (b"saved", b"")
    for change in read_changes(log):
        disk.apply(change)
    root = tmp_path / "cut"
    write_tree(disk.after("nothing unsynced", random.Random(0)), root)  # noqa: S311 (unused)
    with Archive.open(root) as archive:
        assert [search.name for search in archive.catalogue.saved_searches.all()] == ["first", "second"]


@pytest.mark.parametrize("name", ["hits.csv", "hits.jsonl", "hits.xlsx"])
@pytest.mark.usefixtures("synced")
def test_a_file_of_hits_is_the_earlier_one_or_the_new_one(cli: CommandLine, tmp_path: Path, name: str) -> None:
    """A file that a search replaces is never lost, also not by a power cut right after."""
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_bytes(b"the earlier one")
    environment, log = recording(out, tmp_path)
    disk = Disk(out)
    done = cli.run("search", "form:8-K*", "-o", str(out / name), **environment)
    assert done.returncode == 0, done.stderr.decode()
    written = (out / name).read_bytes()
    found = states(disk, read_changes(log), random.Random(1))  # noqa: S311 (the same cuts in every run)
    assert {tree[name] for tree in found.values()} == {b"the earlier one", written}
    assert disk.after("nothing unsynced", random.Random(0))[name] == written  # noqa: S311 (unused)
