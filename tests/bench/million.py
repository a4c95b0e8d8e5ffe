"""One archive of many small submissions: what indexing, searching, status and verification take, and how they grow.

Submissions have some 5 KB of text. The first 50 000 are invented; larger archives have them again under other accession
numbers. Everything is kept in ``--place``, and what is there already is not made again, so a run that was stopped goes
on; the times of finished steps are kept beside it. A search is measured in CPU time, from Python, without snippets.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from archiver.store.archive import Archive
from indexer.engine import Engine
from indexer.fields import FACETS, SUBMISSION_FACETS
from indexer.index_folder import open_index
from indexer.query.build import parse_query
from indexer.query.filters import Filters
from indexer.search.library import Library
from indexer.update.run import IndexOptions
from indexer.update.update import index_archive
from tests.bench import corpus
from tests.bench.baselines import EMBEDDED
from tests.bench.measure import measured, print_table

_LENGTH_MU = 5.9
"""Of the lengths of texts in words: 5 KB on average."""

_DIFFERENT = 50_000
_ROUNDS = 5

Ask = Callable[[Engine], int]


def main(arguments: list[str]) -> None:
    """Make what is missing, and print one table of steps and one of searches."""
    parser = argparse.ArgumentParser(prog="scripts/bench million", description=__doc__)
    parser.add_argument("--size", type=int, nargs="+", default=[1_000_000], help="how many submissions")
    parser.add_argument("--engine", nargs="+", default=EMBEDDED, help="which engines")
    parser.add_argument("--place", type=Path, default=Path("bench-million"), help="folder that keeps the archives")
    options = parser.parse_args(arguments)
    steps: dict[str, list[object]] = {}
    searches: dict[str, list[object]] = {}
    columns = [f"{size:,} {engine}" for size in options.size for engine in options.engine]
    for size in options.size:
        place = options.place / str(size)
        place.mkdir(parents=True, exist_ok=True)
        _step(place, "store", partial(_store, place, size))
        for engine in options.engine:
            taken = _step(place, f"index-{engine}", partial(_index, place, engine))
            found = _step(place, f"search-{engine}", partial(_search, place / engine))
            facts = {"index: CPU s": taken["cpu_s"], "index: peak MB": taken["peak_mb"], "index: MB": taken["result"]}
            facts |= {"search: peak MB": found["peak_mb"]}
            for name, value in facts.items():
                steps.setdefault(name, [name]).append(value)
            for name, value in found["result"].items():
                searches.setdefault(name, [name]).append(value)
        kept = _step(place, "keep", partial(_keep, place))["result"]
        for name, value in kept.items():
            steps.setdefault(name, [name]).extend([value] * len(options.engine))
    print_table("Steps", ["", *columns], list(steps.values()))
    print_table(f"Searches: CPU ms, median of {_ROUNDS}", ["", *columns], list(searches.values()))


def _step(place: Path, name: str, work: Callable[[], object]) -> dict[str, Any]:
    """What `work` took and gave, in a process of its own; or what it did when it was done before."""
    kept = place / f"{name}.json"
    if not kept.exists():
        run = measured(work)
        facts = {"result": run.result, "wall_s": run.wall_s, "cpu_s": run.cpu_s, "peak_mb": run.peak_bytes / 1e6}
        kept.write_text(json.dumps(facts))
    taken: dict[str, Any] = json.loads(kept.read_text())
    return taken


def _store(place: Path, size: int) -> int:
    corpus._LENGTH_MU = _LENGTH_MU  # shorter texts than the other measurements have
    different = min(size, _DIFFERENT)
    filings = corpus.copies(lambda: iter(corpus.InventedFilings(different)), -(-size // different))
    return corpus.store(place / "edgar", islice(filings, size))


def _index(place: Path, engine: str) -> float:
    """The index of `engine`, moved aside; its size in MB."""
    with Archive.open(place / "edgar", writable=True) as archive:
        index_archive(archive, IndexOptions(engine=engine, jobs=2), rebuild=True)
        archive.index_path.rename(place / engine)
    return sum(path.stat().st_size for path in (place / engine).rglob("*") if path.is_file()) / 1e6


def _search(folder: Path) -> dict[str, float]:
    """CPU milliseconds of each kind of search; the first of each is not counted, nor is one that was just counted."""
    engine = open_index(folder)
    taken = {name: _median_ms(engine, asks) for name, asks in _questions().items()}
    engine.close()
    return taken


def _median_ms(engine: Engine, asks: list[Ask]) -> float:
    times = []
    for ask in asks:
        started = time.process_time()
        ask(engine)
        times.append((time.process_time() - started) * 1e3)
    return median(times[1:])


def _questions() -> dict[str, list[Ask]]:
    """Searches of each kind, no two the same: an engine may remember totals."""
    common = ("directors", "interest", "executive", "officer", "income", "shares")[: _ROUNDS + 1]
    others = common[1:] + common[:1]
    form = Filters(form=["8-K"]).tree()

    def search(query: str | None, **options: Any) -> Ask:
        tree = None if query is None else parse_query(query)
        return lambda engine: engine.search(tree, **options).total

    def facets(query: str, *kinds: str) -> Ask:
        tree = parse_query(query)
        return lambda engine: sum(len(engine.facet(tree, kind)) for kind in kinds)

    pairs = list(zip(common, others, strict=True))
    return {
        "common word": [search(word) for word in common],
        "two words": [search(f"{one} {other}") for one, other in pairs],
        "any of three": [search(f"{one} OR {other} OR notes") for one, other in pairs],
        "phrase of two": [search(f'"{one} {other}"') for one, other in pairs],
        "common word, newest first": [search(word, sort="newest") for word in common],
        "common word, one form": [search(word, filters=form) for word in common],
        "filters only": [search(None, filters=form, offset=offset) for offset in range(_ROUNDS + 1)],
        "one facet": [facets(word, "form") for word in common],
        f"all {len(FACETS) - 1} facets but sections": [facets(word, *SUBMISSION_FACETS, "type") for word in common],
    }


def _keep(place: Path) -> dict[str, float]:
    """What looking after the archive takes."""
    started = time.process_time()
    with Library(place / "edgar") as library:
        status = library.status()
    return {"status: CPU s": time.process_time() - started, "submissions": status.submissions}
