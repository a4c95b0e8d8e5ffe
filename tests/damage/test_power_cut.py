"""A power cut, or a kill, after any single change to the disk, with what was not synced lost."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from archiver.settings import Settings
from tests.damage.disk import CUTS, Disk, Tree, compiler, read_changes, read_tree, recording, states, write_tree
from tests.damage.phases import PHASES, faults, outcome, publish_feed
from tests.edgar_fixtures import CommandLine
from tests.loopback import LoopbackEdgar
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
