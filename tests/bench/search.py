"""How long a search takes, by engine and class of query, against stock Whoosh and SQLite's FTS5.

Each answer is the ten best documents and the exact number of all. The first query of a class is not counted, because it
finds the columns unread.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median, quantiles

from whoosh.index import open_dir
from whoosh.query import And, Or, Phrase, Query, Term

from archiver.store.archive import Archive
from archiver.words import words
from indexer.index_folder import open_index
from indexer.query.filters import Filters
from indexer.update.run import IndexOptions
from indexer.update.update import index_archive
from tests.bench.baselines import EMBEDDED, engines, read_entries, sqlite_fts5, stock_whoosh
from tests.bench.corpus import Filing, InventedFilings, copies, real_filings, store
from tests.bench.measure import measured, print_table

BASELINE = "stock Whoosh"
CLASSES = (
    "word",
    "AND of 2",
    "AND of 3",
    "OR of 3",
    "phrase of 2",
    "phrase of 3",
    "word, one form",
    "phrase, one form",
)
_SAMPLED_ENTRIES = 400


@dataclass(frozen=True, slots=True)
class Asked:
    """One query: what joins its words, and the form that a document must be of, if any."""

    kind: str
    words: tuple[str, ...]
    joined_by: str
    form: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """How many documents were found, and in which time."""

    total: int
    wall_s: float


def main(arguments: list[str]) -> None:
    """Measure invented submissions at two sizes, and real ones where there are any."""
    parser = argparse.ArgumentParser(prog="scripts/bench search", description=__doc__)
    parser.add_argument("--invented", type=int, nargs="*", default=[1000, 5000], help="how many invented submissions")
    parser.add_argument("--copies", type=int, nargs="*", default=[1], help="how often the real ones are stored")
    parser.add_argument("--queries", type=int, default=40, help="how many queries of each class")
    parser.add_argument("--engine", nargs="+", default=EMBEDDED, help="which engines; opensearch brings up a server")
    options = parser.parse_args(arguments)
    with engines(options.engine) as ours:
        for count in options.copies:
            _measure(f"{count} x EDGAR's own submissions", copies(real_filings, count), options.queries, ours)
        for number in options.invented:
            _measure(f"{number} invented submissions", iter(InventedFilings(number)), options.queries, ours)


def _measure(title: str, filings: Iterator[Filing], queries: int, ours: list[str]) -> None:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "edgar"
        if not store(root, filings):
            return
        for engine in ours:
            measured(_index, root, Path(place) / engine, engine)
        measured(stock_whoosh, root, Path(place) / "stock")
        measured(sqlite_fts5, root, Path(place) / "fts5")
        asked = _questions(root, queries)
        answers = {
            **{engine: measured(_search_ours, Path(place) / engine, asked).result for engine in ours},
            BASELINE: measured(_search_stock, Path(place) / "stock", asked).result,
            "SQLite FTS5": measured(_search_fts5, Path(place) / "fts5", asked).result,
        }
        for engine in ours:
            if _totals(answers[engine]) != _totals(answers[BASELINE]):
                raise RuntimeError(f"{engine} and stock Whoosh do not find the same")
        rows = [_row(kind, name, answers) for kind in CLASSES for name in answers]
        print_table(title, ["", "engine", "p50 ms", "p95 ms", "found, p50", "p50: faster"], rows)


def _index(root: Path, folder: Path, engine: str) -> int:
    """Our index of the archive in `root` by `engine`, moved to `folder`."""
    with Archive.open(root, writable=True) as archive:
        index_archive(archive, IndexOptions(engine=engine, jobs=2), rebuild=True)
        archive.index_path.rename(folder)
    return 0


def _row(kind: str, name: str, answers: dict[str, dict[str, list[Answered]]]) -> list[object]:
    times = [answer.wall_s * 1e3 for answer in answers[name][kind]]
    baseline = median(answer.wall_s * 1e3 for answer in answers[BASELINE][kind])
    found = int(median(answer.total for answer in answers[name][kind]))
    return [kind, name, median(times), quantiles(times, n=20)[-1], found, baseline / median(times)]


def _totals(answers: dict[str, list[Answered]]) -> dict[str, list[int]]:
    return {kind: [answer.total for answer in of_kind] for kind, of_kind in answers.items()}


def _questions(root: Path, number: int) -> list[Asked]:
    """Queries by words and phrases that stand in the submissions: common and rare as they come there."""
    chance = random.Random(5)  # noqa: S311 — the same queries each time
    texts = [(entry.form, words(entry.text)) for entry in islice(read_entries(root), _SAMPLED_ENTRIES) if entry.text]
    texts = [(form, found) for form, found in texts if len(found) > 20]
    asked = []
    for kind in CLASSES:
        for _ in range(number + 1):
            form, found = chance.choice(texts)
            count = 3 if "3" in kind else 1 if kind.startswith("word") else 2
            start = chance.randrange(len(found) - count)
            chosen = found[start : start + count] if "phrase" in kind else chance.sample(found, count)
            joined_by = "phrase" if "phrase" in kind else "OR" if "OR" in kind else "AND"
            asked.append(Asked(kind, tuple(chosen), joined_by, form if "form" in kind else None))
    return asked


def _timed(asked: list[Asked], search: Callable[[Asked], int]) -> dict[str, list[Answered]]:
    answers: dict[str, list[Answered]] = {}
    for query in asked:
        started = time.perf_counter()
        total = search(query)
        answers.setdefault(query.kind, []).append(Answered(total, time.perf_counter() - started))
    return {kind: of_kind[1:] for kind, of_kind in answers.items()}


def _tree(query: Asked) -> Query:
    terms = [Term("text", word) for word in query.words]
    if query.joined_by == "phrase":
        return Phrase("text", list(query.words))
    return terms[0] if len(terms) == 1 else {"AND": And, "OR": Or}[query.joined_by](terms)


def _search_ours(folder: Path, asked: list[Asked]) -> dict[str, list[Answered]]:
    index = open_index(folder)

    def search(query: Asked) -> int:
        filters = Filters(form=[query.form] if query.form else [])
        return index.search(_tree(query), filters=filters.tree(), documents=True).total

    answers = _timed(asked, search)
    index.close()
    return answers


def _search_stock(folder: Path, asked: list[Asked]) -> dict[str, list[Answered]]:
    with open_dir(str(folder)).searcher() as searcher:

        def search(query: Asked) -> int:
            results = searcher.search(_tree(query), limit=10, filter=Term("form", query.form) if query.form else None)
            found = [hit["record"] for hit in results]
            return max(len(results), len(found))

        return _timed(asked, search)


def _search_fts5(folder: Path, asked: list[Asked]) -> dict[str, list[Answered]]:
    database = sqlite3.connect(folder / "fts5.sqlite3")

    def search(query: Asked) -> int:
        quoted = [f'"{word}"' for word in query.words]
        text = f'"{" ".join(query.words)}"' if query.joined_by == "phrase" else f" {query.joined_by} ".join(quoted)
        matching = "FROM entry JOIN fact ON fact.id = entry.rowid WHERE entry MATCH ? AND (? IS NULL OR form = ?)"
        values = (f"text: ({text})", query.form, query.form)
        database.execute(f"SELECT record {matching} ORDER BY rank LIMIT 10", values).fetchall()
        return int(database.execute(f"SELECT count(*) {matching}", values).fetchone()[0])

    return _timed(asked, search)
