"""The Feed: a day's archive from a loopback EDGAR into an archive on disk, checked and durable, with peak memory.

The baseline is ``tar xzf`` of the same file in the same run, which checks nothing, syncs nothing, and has it on disk.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import tempfile
import time
from datetime import date
from pathlib import Path

import uvloop

from archiver.selection.selection import Selection
from archiver.settings.settings import Settings
from edgarchive.mirror import Mirror
from tests.bench.imports import write_archive
from tests.bench.measure import measured, print_table
from tests.loopback import LoopbackEdgar

_DAY = date(2004, 12, 22)


def take(root: str, base_url: str, form: str, jobs: int) -> int:
    """One sync of the day; returns how many submissions were stored."""
    settings = Settings(
        root=Path(root), base_url=base_url, user_agent="Example Research research@example.com", rate=10_000, jobs=jobs
    )

    async def run() -> int:
        async with Mirror(settings) as mirror:
            return (await mirror.sync(Selection([form], since=_DAY, until=_DAY), source="feed")).stored

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())


def main(arguments: list[str]) -> None:
    """Print decoded MB/s and submissions/s for two sizes, all of a day and few of it, against ``tar xzf``."""
    parser = argparse.ArgumentParser(prog="scripts/bench feed", description=__doc__)
    parser.add_argument("--copies", type=int, nargs="+", default=[4, 16], help="how often each submission is there")
    options = parser.parse_args(arguments)
    rows: list[tuple[object, ...]] = []
    for copies in options.copies:
        with tempfile.TemporaryDirectory() as name, LoopbackEdgar() as edgar:
            folder = Path(name)
            packed = folder / "packed.tar.gz"
            count, size = write_archive(packed, copies=copies)
            edgar.add_feed(_DAY, packed.read_bytes())
            unpacked = folder / "unpacked"
            unpacked.mkdir()
            began_s = time.perf_counter()
            subprocess.run(["tar", "xzf", packed, "-C", unpacked], check=True)  # noqa: S607 — the baseline's name
            baseline_s = time.perf_counter() - began_s
            rows.append(("tar xzf", size / 1e6, count, size / baseline_s / 1e6, count / baseline_s, 1.0, "-"))
            for label, form, jobs in (("all, 1 job", "*", 1), ("all, 2 jobs", "*", 2), ("8-K only, 2 jobs", "8-K", 2)):
                run = measured(take, str(folder / label.replace(" ", "-")), edgar.base_url, form, jobs)
                rows.append(
                    (
                        f"feed, {label}",
                        size / 1e6,
                        run.result,
                        size / run.wall_s / 1e6,
                        run.result / run.wall_s,
                        baseline_s / run.wall_s,
                        run.peak_bytes / 1e6,
                    )
                )
    print_table(
        "feed: a day from a loopback EDGAR into an archive, checked and durable, against tar xzf",
        ("run", "decoded MB", "stored", "MB/s", "submissions/s", "speed / tar xzf", "peak MB"),
        rows,
    )
