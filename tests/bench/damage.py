"""kill -9 and power cuts: what is found after them, and how long the next run takes.

No baseline: none may fail.
Kills of every way of writing at random moments; then, where there is a C compiler, cuts after every change to the disk.
"""

from __future__ import annotations

import argparse
import logging
import random
import statistics
import tempfile
import time
from pathlib import Path

from archiver.settings.settings import Settings
from tests.bench.measure import print_table
from tests.damage.disk import Disk, compiler, read_changes, recording, states, write_tree
from tests.damage.kills import Killer
from tests.damage.phases import PHASES, faults, outcome, publish_feed
from tests.edgar_fixtures import FAST, IDENTITY, command_line
from tests.loopback import FIXTURES, LoopbackEdgar


def main(arguments: list[str]) -> None:
    """Print, for each way of writing, how many kills and cuts there were and what they did."""
    parser = argparse.ArgumentParser(prog="scripts/bench damage", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="kills of each way of writing")
    parser.add_argument("--cuts", type=int, default=100, help="power cuts of each, of those that differ; 0 for none")
    parser.add_argument("--seed", default="damage", help="chooses the moments")
    parser.add_argument("--phase", choices=PHASES, action="append", help="only these ways of writing")
    options = parser.parse_args(arguments)
    logging.disable()  # what is repaired on the way is told as it should be, a thousand times
    rows: list[tuple[object, ...]] = []
    found: list[str] = []
    for phase in options.phase or PHASES:
        with LoopbackEdgar(FIXTURES) as edgar, tempfile.TemporaryDirectory() as name:
            publish_feed(edgar)
            settings = Settings(
                root=Path(name) / "archive", base_url=edgar.base_url, user_agent=IDENTITY, rate=FAST, jobs=1
            )
            for kind, (tried, struck, faulty, times_s) in {
                "kill -9": _kills(phase, settings, Path(name), options.rounds, options.seed),
                "power cut": _cuts(phase, settings, Path(name), options.cuts, options.seed),
            }.items():
                found += faulty
                if times_s:
                    median_s, longest_s = statistics.median(times_s), max(times_s)
                    rows.append((f"{phase}: {kind}", tried, struck, len(faulty), median_s, longest_s))
    print_table(
        "damage: after each, verify, searches, and the next run held against one never disturbed",
        ("phase", "tried", "in the middle", "faults", "recovery s, median", "longest"),
        rows,
    )
    for fault in found[:20]:
        print(fault)  # noqa: T201 (a measurement prints)
    if found:
        raise SystemExit(1)


def _kills(
    phase: str, settings: Settings, folder: Path, rounds: int, seed: str
) -> tuple[int, int, list[str], list[float]]:
    killer = Killer(phase, settings, folder, seed=f"{seed} {phase}")
    done = [killer.round() for _ in range(rounds)]
    faulty = [f"{phase}: {fault}" for one in done for fault in one.faults]
    return rounds, sum(one.was_killed for one in done), faulty, [one.recovery_s for one in done]


def _cuts(
    phase: str, settings: Settings, folder: Path, most: int, seed: str
) -> tuple[int, int, list[str], list[float]]:
    if not most or compiler() is None:
        return 0, 0, [], []
    PHASES[phase].before(settings, folder)
    environment, log = recording(settings.root, folder)
    disk = Disk(settings.root)
    command_line(settings, folder).run(*PHASES[phase].command(folder), **environment)
    dice = random.Random(f"{seed} {phase}")  # noqa: S311 (cuts are no secrets)
    found = states(disk, read_changes(log), dice)
    whole = outcome(settings.root)
    faulty: list[str] = []
    times_s: list[float] = []
    for number, way in enumerate(dice.sample(list(found), min(most, len(found)))):
        root = folder / f"cut-{number}"
        write_tree(found[way], root)
        faulty += [f"{phase}: {way}: {fault}" for fault in faults(root)]
        began_s = time.monotonic()
        PHASES[phase].again(settings.replace(root=root), folder)
        times_s.append(time.monotonic() - began_s)
        if outcome(root) != whole:
            faulty.append(f"{phase}: {way}: the next run does not make what a run never cut makes")
    return len(times_s), len(times_s), faulty, times_s
