"""Planning: index rows into a plan, and a finished plan looked at again, with the memory it takes.

The baseline splits every line of the same text at its separators and throws the parts away.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from pathlib import Path

from archiver.edgar.endpoints import Quarter, quarters
from archiver.listings.master_index import parse_master_index
from archiver.planning.plan import Outcome, Plan
from archiver.planning.planner import Planner
from archiver.selection.selection import Selection
from archiver.store.archive import Archive
from tests.bench.measure import Measured, measured, print_table

_ROWS_A_QUARTER = 300_000
_FORMS = ("8-K", "4", "10-Q", "10-K", "SC 13G/A", "424B2", "6-K", "D", "S-8", "3", "497K", "FWP")


def write_quarter(path: Path, quarter: Quarter, *, rows: int) -> None:
    """An index with `rows` rows, of which every fourth repeats an accession number for a co-filer, in EDGAR's order."""
    dice = random.Random(quarter.year * 10 + quarter.number)  # noqa: S311 — the same rows in every run
    lines, sequence = [], quarter.number * rows
    for _ in range(rows):
        sequence += dice.random() > 1 / 4
        cik = dice.randrange(1_000, 2_000_000)
        form, day = dice.choice(_FORMS), dice.randrange(1, 29)
        month = 3 * quarter.number - dice.randrange(3)
        accession = f"{sequence % 700:010d}-{quarter.year % 100:02d}-{sequence // 700:06d}"
        lines.append(
            f"{cik}|INVENTED COMPANY NUMBER {cik} INC|{form}|{quarter.year}-{month:02d}-{day:02d}"
            f"|edgar/data/{cik}/{accession}.txt\n"
        )
    head = "CIK|Company Name|Form Type|Date Filed|Filename\n" + "-" * 80 + "\n"
    path.write_text(head + "".join(sorted(lines)), encoding="latin-1")


def split_only(folder: Path) -> int:
    """The baseline: every row split, nothing kept."""
    return sum(
        len(line.split(b"|")) == len(("cik", "name", "form", "date", "file"))
        for path in sorted(folder.glob("*.idx"))
        for line in path.read_bytes().splitlines()
    )


def plan_all(folder: Path, forms: tuple[str, ...]) -> int:
    """All rows into a plan, the plan held against an empty archive, and its order of fetching begun."""
    with (
        Archive.open(folder / "archive", writable=True, create=True) as archive,
        Plan(archive.layout.incoming) as plan,
    ):
        planner = Planner([Selection(forms)], plan)
        for path in sorted(folder.glob("*.idx")):
            year, number = path.stem.split("Q")
            planner.add(parse_master_index(path.read_bytes()), quarter=Quarter(int(year), int(number)))
        planner.finish()
        plan.note_present(archive.kept)
        next(plan.missing())
        return plan.count(Outcome.MISSING)


def main(arguments: list[str]) -> None:
    """Print rows a second and peak memory for two numbers of quarters."""
    parser = argparse.ArgumentParser(prog="scripts/bench plan", description=__doc__)
    parser.add_argument("--quarters", type=int, nargs="+", default=[2, 8], help="how many quarters of 300 000 rows")
    options = parser.parse_args(arguments)
    table: list[tuple[object, ...]] = []
    for count in options.quarters:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for quarter in list(quarters(None, Quarter(2024, 4).last_day))[:count]:
                write_quarter(folder / f"{quarter.year}Q{quarter.number}.idx", quarter, rows=_ROWS_A_QUARTER)
            rows = count * _ROWS_A_QUARTER
            baseline = measured(split_only, folder)
            for label, forms in (("all forms", ("*",)), ("8-K*", ("8-K*",))):
                table.append(_row(label, rows, baseline, measured(plan_all, folder, forms)))
    print_table(
        "plan: rows of the master index into a plan, against splitting the lines",
        ("selection", "rows", "planned", "rows/s", "CPU µs a row", "peak MB", "time / baseline"),
        table,
    )


def _row(label: str, rows: int, baseline: Measured[int], run: Measured[int]) -> tuple[object, ...]:
    return (
        label,
        rows,
        run.result,
        rows / run.wall_s,
        run.cpu_s / rows * 1e6,
        run.peak_bytes / 1e6,
        run.wall_s / baseline.wall_s,
    )
