"""Fuzzing for as long as one likes: ``scripts/bench fuzz [TARGET ...] [--seconds N] [--corpus DIR]``.

What reaches new code is kept in a folder for each target, so that the next run goes on from there. A find is named; put
it into ``tests/fuzz/crashes/TARGET/`` with its mending.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.measure import print_table
from tests.fuzz.targets import TARGETS, seeds
from tests.paths import ROOT

_RUNS = re.compile(r"number_of_executed_units:\s*(\d+)")


def main(arguments: list[str]) -> None:
    """Fuzz the named targets, or all, one after the other; ends with code 1 where something was found."""
    parser = argparse.ArgumentParser(prog="scripts/bench fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--corpus", type=Path, default=ROOT / "build" / "fuzz", help="where to keep what was reached")
    options = parser.parse_args(arguments)
    if unknown := set(options.targets) - set(TARGETS):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    rows = []
    found = False
    for name in options.targets or TARGETS:
        folder = (options.corpus / name).absolute()
        began_s = time.monotonic()
        command = [sys.executable, "-m", "tests.fuzz.guided", name, str(options.seconds), str(folder)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        finds = sorted(path.name for kind in ("crash-*", "timeout-*", "oom-*") for path in folder.glob(kind))
        found = found or bool(finds) or done.returncode != 0
        if done.returncode:
            sys.stderr.write(done.stderr[-3000:])
        kept = len(list(folder.iterdir())) - len(finds)
        runs = _RUNS.search(done.stderr)
        tried = int(runs[1]) if runs else 0
        rows.append((name, time.monotonic() - began_s, len(seeds(name)), tried, kept, ", ".join(finds) or "nothing"))
    print_table("fuzzing", ("target", "seconds", "seeds", "inputs tried", "inputs kept", "found"), rows)
    if found:
        sys.exit(1)
