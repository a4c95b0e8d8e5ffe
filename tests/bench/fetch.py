"""Fetching: a sync from a loopback EDGAR without a rate limit, checked and durable, with its CPU time.

The baseline is a bare aiohttp loop of the same concurrency that reads every body once and throws it away: the least
that a Python client can do. The server runs in a process of its own and shares the cores with both.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import uvloop

from archiver.selection.selection import Selection
from archiver.settings.settings import Settings
from edgarchive.mirror import Mirror
from tests.bench.measure import measured, print_table

_IDENTITY = "Example Research research@example.com"
_CONCURRENCY = 16
_ENTITIES = 6
"""Every fifth submission has so many entities, each with a row of its own in the index."""
_WORDS = ("registrant", "agreement", "the", "of", "shall", "and", "1,250,000", "pursuant", "officer", "resigned", "Act")


def write_submissions(folder: Path, *, count: int, size: int) -> list[str]:
    """Write `count` invented submissions of about `size` bytes; returns the paths by which EDGAR serves them."""
    dice = random.Random(size)  # noqa: S311 — the same submissions in every run
    paths = []
    for number in range(count):
        accession = f"0009000901-04-{number:06d}"
        ciks = [9_100_000 + number + 10_000 * k for k in range(_ENTITIES if number % 5 == 0 else 1)]
        filers = "".join(
            f"FILER:\n\n\tCOMPANY DATA:\t\n\t\tCOMPANY CONFORMED NAME:\t\t\tINVENTED {cik} INC\n"
            f"\t\tCENTRAL INDEX KEY:\t\t\t{cik:010d}\n\n"
            for cik in ciks
        )
        text = " ".join(dice.choices(_WORDS, k=size // 7))
        (folder / f"{accession}.txt").write_text(
            f"<SEC-DOCUMENT>{accession}.txt : 20041222\n<SEC-HEADER>{accession}.hdr.sgml : 20041222\n"
            f"ACCESSION NUMBER:\t\t{accession}\nCONFORMED SUBMISSION TYPE:\t8-K\nPUBLIC DOCUMENT COUNT:\t\t1\n"
            f"FILED AS OF DATE:\t\t20041222\n\n{filers}</SEC-HEADER>\n<DOCUMENT>\n<TYPE>8-K\n<SEQUENCE>1\n<TEXT>\n"
            f"{text}\n</TEXT>\n</DOCUMENT>\n</SEC-DOCUMENT>\n"
        )
        paths.append(f"/Archives/edgar/data/{ciks[0]}/{accession}.txt")
    return paths


def bare_loop(base_url: str, paths: list[str]) -> tuple[int, int]:
    """The baseline: every body read and thrown away. Returns how many bytes, and how many requests."""

    async def run() -> int:
        queue, taken = iter(paths), 0

        async def work(session: aiohttp.ClientSession) -> None:
            nonlocal taken
            for path in queue:
                async with session.get(base_url + path) as response:
                    taken += len(await response.read())

        async with aiohttp.ClientSession(headers={"User-Agent": _IDENTITY}) as session:
            await asyncio.gather(*(work(session) for _ in range(_CONCURRENCY)))
        return taken

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run()), len(paths)


def sync(base_url: str, root: str) -> tuple[int, int]:
    """A whole sync without indexing. Returns how many bytes, and how many requests."""
    settings = Settings(
        root=Path(root), base_url=base_url, user_agent=_IDENTITY, rate=100_000, concurrency=_CONCURRENCY
    )

    async def run() -> tuple[int, int]:
        async with Mirror(settings) as mirror:
            report = await mirror.sync(Selection(["8-K"], since="2004-12-01", until="2004-12-31"))
        return report.bytes, report.requests

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())


def main(arguments: list[str]) -> None:
    """Print submissions a second, MB/s, CPU time a submission and requests a submission, for two sizes."""
    parser = argparse.ArgumentParser(prog="scripts/bench fetch", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="submissions")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000], help="their sizes in bytes")
    options = parser.parse_args(arguments)
    rows: list[tuple[object, ...]] = []
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            submissions = folder / "submissions"
            submissions.mkdir()
            paths = write_submissions(submissions, count=options.count, size=size)
            command = [sys.executable, "-m", "tests.loopback", "--submissions", str(submissions)]
            with subprocess.Popen(
                [*command, "--ready-file", str(folder / "ready")], stdout=subprocess.DEVNULL
            ) as edgar:
                try:
                    base_url = _ready(folder / "ready")
                    measured(bare_loop, base_url, paths)  # the server packs each body once
                    runs = {
                        "bare loop": measured(bare_loop, base_url, paths),
                        "sync": measured(sync, base_url, str(folder / "archive")),
                    }
                finally:
                    edgar.terminate()
        baseline = runs["bare loop"]
        rows += [
            (
                label,
                size,
                options.count / run.wall_s,
                run.result[0] / run.wall_s / 1e6,
                run.cpu_s / options.count * 1e3,
                run.cpu_s / baseline.cpu_s,
                run.result[1] / options.count,
                run.peak_bytes / 1e6,
            )
            for label, run in runs.items()
        ]
    print_table(
        f"fetch: {options.count:,} submissions from a loopback EDGAR, no rate limit, concurrency {_CONCURRENCY}",
        ("run", "bytes each", "submissions/s", "MB/s", "CPU ms each", "CPU / bare", "requests each", "peak MB"),
        rows,
    )


def _ready(path: Path) -> str:
    while not path.exists():
        time.sleep(0.05)
    return path.read_text().strip()
