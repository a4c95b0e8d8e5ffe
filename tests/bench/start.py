"""How long the command takes to start: its help, and a search in a small archive, against a bare Python."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from archiver.store.archive import Archive
from indexer.update.update import index_archive
from tests.bench.measure import print_table
from tests.loopback import FIXTURES
from tests.unit.archives import keep

COMMANDS = {
    "python -c pass": ("-c", "pass"),
    "edgarchive --help": ("-m", "edgarchive", "--help"),
    "edgarchive search lantern": ("-m", "edgarchive", "search", "lantern"),
    "edgarchive search lantern -n 0": ("-m", "edgarchive", "search", "lantern", "-n", "0"),
    "edgarchive status": ("-m", "edgarchive", "status"),
    "python -c 'import edgarchive'": ("-c", "import edgarchive"),
}
"""The first is the baseline of the ratios."""


def main(arguments: list[str]) -> None:
    """Run each command many times, in turn, and print the median and its ratio to a bare Python."""
    parser = argparse.ArgumentParser(prog="scripts/bench start", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="how often each command runs (15)")
    rounds = parser.parse_args(arguments).rounds
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "edgar"
        with Archive.open(root, writable=True, create=True) as archive:
            for path in FIXTURES.glob("*.txt"):
                keep(archive, path.stem, path.read_bytes())
            index_archive(archive)
        taken_s: dict[str, list[float]] = {name: [] for name in COMMANDS}
        for _ in range(rounds):
            for name, command in COMMANDS.items():
                taken_s[name].append(_run_s(command, root))
    median_s = {name: statistics.median(values) for name, values in taken_s.items()}
    bare_s = next(iter(median_s.values()))
    print_table(
        f"Start of the command, median of {rounds} (warm caches)",
        ("command", "ms", "times a bare Python"),
        [(name, value * 1000, value / bare_s) for name, value in median_s.items()],
    )


def _run_s(command: Sequence[str], root: Path) -> float:
    environment = os.environ | {"EDGARCHIVE_ROOT": str(root)}
    started = time.perf_counter()
    subprocess.run([sys.executable, *command], env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started
