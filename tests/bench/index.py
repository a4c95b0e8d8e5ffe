"""How fast stored submissions become an index, by engine, against stock Whoosh and SQLite's FTS5.

Reading and parsing are included in all of them. An engine whose package is not installed is left out. Of an engine that
has a server, CPU and memory are those of this side.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from archiver.store.archive import Archive
from indexer.index_folder import remove_index
from indexer.update.run import IndexOptions
from indexer.update.update import index_archive
from tests.bench.baselines import EMBEDDED, engines, index_bytes, reading_alone, sqlite_fts5, stock_whoosh
from tests.bench.corpus import Filing, InventedFilings, copies, real_filings, store
from tests.bench.measure import Measured, measured, print_table

BASELINE = "stock Whoosh"


def ours(root: Path, folder: Path, *, engine: str, jobs: int) -> int:
    """Our index of the archive in `root` by `engine`, moved to `folder`."""
    with Archive.open(root, writable=True) as archive:
        index_archive(archive, IndexOptions(engine=engine, jobs=jobs), rebuild=True)
        archive.index_path.rename(folder)
    return 0


def _indexers(engines: list[str]) -> dict[str, Callable[[Path, Path], int]]:
    return {
        "reading and parsing alone": reading_alone,
        BASELINE: stock_whoosh,
        **{f"{engine}, {jobs} jobs": partial(ours, engine=engine, jobs=jobs) for engine in engines for jobs in (1, 2)},
        "SQLite FTS5": sqlite_fts5,
    }


def main(arguments: list[str]) -> None:
    """Measure real submissions where there are any, and invented ones at two sizes."""
    parser = argparse.ArgumentParser(prog="scripts/bench index", description=__doc__)
    parser.add_argument("--invented", type=int, nargs="*", default=[1000, 5000], help="how many invented submissions")
    parser.add_argument("--copies", type=int, nargs="*", default=[1, 4], help="how often the real ones are stored")
    parser.add_argument("--engine", nargs="+", default=EMBEDDED, help="which engines; opensearch brings up a server")
    options = parser.parse_args(arguments)
    with engines(options.engine) as measured_engines:
        indexers = _indexers(measured_engines)
        for count in options.copies:
            _measure(f"{count} x EDGAR's own submissions", copies(real_filings, count), indexers)
        for number in options.invented:
            _measure(f"{number} invented submissions", iter(InventedFilings(number)), indexers)


def _measure(title: str, filings: Iterator[Filing], indexers: dict[str, Callable[[Path, Path], int]]) -> None:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "edgar"
        size = store(root, filings)
        if not size:
            return
        taken = {name: _one(work, root, Path(place) / "index") for name, work in indexers.items()}
        text_mb = taken["reading and parsing alone"][0].result / 1e6
        baseline = taken[BASELINE][0]
        print_table(
            f"{title}: {size / 1e6:.0f} MB, {text_mb:.0f} MB of text",
            ["", "MB of text/s", "wall s", "CPU s", "faster", "less CPU", "index : text", "peak MB", "worker MB"],
            [
                [
                    name,
                    text_mb / run.wall_s,
                    run.wall_s,
                    run.cpu_s,
                    baseline.wall_s / run.wall_s,
                    baseline.cpu_s / run.cpu_s,
                    index_bytes / 1e6 / text_mb,
                    run.peak_bytes / 1e6,
                    run.worker_peak_bytes / 1e6,
                ]
                for name, (run, index_bytes) in taken.items()
            ],
        )


def _one(work: Callable[[Path, Path], int], root: Path, folder: Path) -> tuple[Measured[int], int]:
    run = measured(work, root, folder)
    size = index_bytes(folder)
    remove_index(folder, keep=folder)
    return run, size
