"""Matching one new filing against a hundred saved searches, as `watch` does, against one search of the index.

Invented filings in an index of each engine; the new ones are those of median and of largest size. A hundred searches of
every kind; few of them find the filing, as with real ones, and hits and passages are made for those.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from archiver.catalogue.records import CatalogueRecord
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive.watching.alerts import Alerts
from edgarchive.watching.searches import NamedSearch
from indexer.search.library import Library
from indexer.search.options import SearchOptions
from indexer.update.run import IndexOptions
from indexer.update.update import index_archive
from tests.bench.baselines import EMBEDDED
from tests.bench.corpus import InventedFilings, store
from tests.bench.measure import print_table

SEARCHES = 100
ROUNDS = 5
_QUERIES = (
    "cybersecurity {word}",
    '"material weakness {word}"',
    "resign* NEAR/5 {word}",
    "{word} OR zirconium OR tantalum",
    '"going concern" -{word}',
    "stem:acquiring stem:{word}",
    '"{word} officer"~4',
    "bankrup* {word}~1",
    'name:"{word} holdings" merger',
    "restatement (audit* OR {word})",
)
_WORDS = ("revenue", "interest", "zenith", "plutonium", "directors", "halibut", "registrant")
_FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"form": "8-K"},
    {"item": "5.02"},
    {"form": ["10-K", "10-Q"], "since": "2001-01-01"},
    {"cik": [320]},
)


def searches(words: Sequence[str]) -> list[NamedSearch]:
    """A hundred searches of ten kinds with `words` in them, half of them with a filter."""
    return [
        NamedSearch(
            f"search-{number}",
            SearchOptions(_QUERIES[number % 10].format(word=words[number % len(words)]), **_FILTERS[number // 10 % 5]),
            "catalogue",
        )
        for number in range(SEARCHES)
    ]


def main(arguments: list[str]) -> None:
    """Print milliseconds of CPU time for both filings and each engine, and how many searches of the index they are."""
    parser = argparse.ArgumentParser(prog="scripts/bench watch", description=__doc__)
    parser.add_argument("--filings", type=int, default=500, help="filings in the archive")
    options = parser.parse_args(arguments)
    rows: list[tuple[object, ...]] = []
    for engine in EMBEDDED:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "edgar"
            store(root, iter(InventedFilings(options.filings)))
            with Archive.open(root, writable=True) as archive:
                index_archive(archive, IndexOptions(engine=engine))
                by_size = sorted(archive.catalogue.records_by_filing_date(), key=lambda one: one.size)
            rows += _rows(engine, root, [by_size[len(by_size) // 2], by_size[-1]])
    print_table(
        f"one filing against {SEARCHES} saved searches, {options.filings} filings indexed, median of {ROUNDS}",
        ("engine", "filing", "kB", "found by", "match ms", "one search ms", "ratio"),
        rows,
    )


def _rows(engine: str, root: Path, filings: Sequence[CatalogueRecord]) -> Iterator[tuple[object, ...]]:
    with Library(settings=Settings(root=root)) as library:
        chosen = searches(_WORDS)
        alerts = Alerts(chosen)
        search_ms = _median_ms(lambda: [library.run(one.options.replace(limit=10)) for one in chosen]) / SEARCHES
        for label, record in zip(("median", "largest"), filings, strict=True):
            match = partial(_match, alerts, library, record)
            match_ms = _median_ms(match)
            yield engine, label, record.size / 1e3, match(), match_ms, search_ms, match_ms / search_ms


def _match(alerts: Alerts, library: Library, record: CatalogueRecord) -> int:
    return len(list(alerts.of(library, [record.accession], {})))


def _median_ms(work: Callable[[], object]) -> float:
    taken_s = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        taken_s.append(time.process_time() - started)
    return statistics.median(taken_s) * 1000
