"""Importing: gzip of tar and plain files taken into an archive, durable writes included, with peak memory.

The baseline is ``tar xzf`` of the same archive in the same run, which checks nothing and syncs nothing. Over the real
submissions of ../shared/corpus where that is present, repeated under other accession numbers; else over invented ones.
"""

from __future__ import annotations

import argparse
import csv
import io
import re
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from archiver.intake.importer import import_into
from archiver.store.archive import Archive
from tests.bench.measure import measured, print_table
from tests.loopback import FIXTURES
from tests.paths import CORPUS

_FILED = re.compile(rb"(FILED AS OF DATE:\s*)[0-9]{8}")


def submissions() -> Iterator[tuple[str, bytes]]:
    """Whole submissions with their accession numbers."""
    if not CORPUS.is_dir():
        yield from ((path.stem, path.read_bytes() + b"\n") for path in FIXTURES.glob("*.txt"))
        return
    with (CORPUS / "manifest.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            body = (CORPUS / row["file"]).read_bytes()
            if row["kind"] == "submission" and body.rstrip().endswith(b"</SEC-DOCUMENT>"):
                yield row["accession"], body


def write_archive(path: Path, *, copies: int) -> tuple[int, int]:
    """Write a gzipped tar with each submission `copies` times; returns how many members and decoded bytes."""
    found = dict(submissions())
    count = size = 0
    with tarfile.open(path, "w:gz", compresslevel=6) as tar:
        for copy in range(copies):
            for sequence, (accession, body) in enumerate(found.items()):
                number = f"{8_000_000_000 + copy:010d}-04-{sequence:06d}"
                content = _FILED.sub(rb"\g<1>20041222", body.replace(accession.encode(), number.encode()))
                info = tarfile.TarInfo(f"{number}.txt")
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
                count, size = count + 1, size + len(content)
    return count, size


def take(root: Path, source: Path, jobs: int) -> int:
    """One import; returns how many submissions were stored."""
    with Archive.open(root, writable=True, create=True) as archive:
        return import_into(archive, [source], jobs=jobs, max_bytes=2_000_000_000).stored


def main(arguments: list[str]) -> None:
    """Print decoded MB/s and submissions/s for two sizes, against ``tar xzf``."""
    parser = argparse.ArgumentParser(prog="scripts/bench imports", description=__doc__)
    parser.add_argument("--copies", type=int, nargs="+", default=[4, 16], help="how often each submission is there")
    options = parser.parse_args(arguments)
    rows: list[tuple[object, ...]] = []
    for copies in options.copies:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            packed = folder / "packed.tar.gz"
            count, size = write_archive(packed, copies=copies)
            unpacked = folder / "unpacked"
            unpacked.mkdir()
            began_s = time.perf_counter()
            subprocess.run(["tar", "xzf", packed, "-C", unpacked], check=True)  # noqa: S607 — the baseline's name
            baseline_s = time.perf_counter() - began_s
            rows.append(("tar xzf", size / 1e6, count, size / baseline_s / 1e6, count / baseline_s, 1.0, "-"))
            for label, source, jobs in (
                ("import tar.gz, 1 job", packed, 1),
                ("import tar.gz, 2 jobs", packed, 2),
                ("import folder, 2 jobs", unpacked, 2),
            ):
                run = measured(take, folder / label.replace(" ", "-"), source, jobs)
                if run.result != count:
                    raise RuntimeError(f"{run.result} of {count} submissions were stored")
                speed = size / run.wall_s / 1e6
                rows.append(
                    (label, size / 1e6, count, speed, count / run.wall_s, baseline_s / run.wall_s, run.peak_bytes / 1e6)
                )
    print_table(
        "imports: into an archive, checked and durable, against tar xzf",
        ("run", "decoded MB", "submissions", "MB/s", "submissions/s", "speed / tar xzf", "peak MB"),
        rows,
    )
