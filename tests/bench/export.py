"""What an export costs: megabytes of text a second of CPU time, and of the clock, by table, format and processes.

The 10-Ks are those of the measurement of snippets; the small filings are the invented ones. Their texts are kept.
"""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive import export
from indexer.texts.store import TextStore
from indexer.update.update import index_archive
from tests.bench.corpus import InventedFilings
from tests.bench.measure import measured, print_table
from tests.bench.snippets import index_in_turn, ten_ks
from tests.unit.archives import keep

REPORTS = 400
SMALL = 600
RUNS = (("jsonl", 1), ("jsonl", 2), ("csv", 1), ("parquet", 1))


def main(_arguments: list[str]) -> None:
    """Fill two archives, export from them, and print the table."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, filled in (("10-Ks", reports(Path(folder))), ("small filings", small_filings(Path(folder)))):
            with TextStore.open(filled) as store:
                text_mb = store.stats().text_bytes / 1e6
            for table, (kind, jobs) in itertools.product(("documents", "sections"), RUNS):
                out = Path(folder) / f"{name}-{table}-{kind}-{jobs}".replace(" ", "-")
                taken = measured(_export, filled, table, out, kind, jobs)
                rows.append(
                    (
                        f"{table} of {name}, {kind}, {jobs} job{'s' * (jobs > 1)}",
                        text_mb,
                        text_mb / taken.cpu_s,
                        text_mb / taken.wall_s,
                        taken.peak_bytes / 1e6,
                    )
                )
    print_table("Exports", ("of what", "MB of text", "MB a CPU second", "MB a second", "peak MB"), rows)


def _export(root: Path, table: str, out: Path, kind: str, jobs: int) -> int:
    return export(table, out, format=kind, settings=Settings(root=root), jobs=jobs).rows


def reports(folder: Path) -> Path:
    """An archive of 10-Ks in `folder`, indexed, with their texts."""
    root = folder / "reports"
    index_in_turn(root, ten_ks(), REPORTS)
    return root


def small_filings(folder: Path) -> Path:
    """An archive of invented small filings in `folder`, indexed, with their texts."""
    root = folder / "small"
    with Archive.open(root, writable=True, create=True) as archive:
        for accession, _, _, _, data in InventedFilings(SMALL):
            keep(archive, accession, data)
        index_archive(archive)
    return root
