"""One archive of many small submissions: what indexing, searching, status and verification take, and how they grow.

Submissions have some 5 KB of text. The first 50 000 are invented; larger archives have them again under other accession
numbers. Everything is kept in ``--place``, and what is there already is not made again, so a run that was stopped goes
on; the times of finished steps are kept beside it. A search is measured in CPU time, from Python, without snippets,
next to tantivy alone with its count and to a loop, since the speed of a busy machine changes.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import tarfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import tantivy

from archiver.errors import QueryTimeoutError
from archiver.identifiers import Cik
from archiver.intake.importer import import_into
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive.verifying import repair_archive, verify_archive
from indexer.engine import Engine
from indexer.fields import FACETS, SUBMISSION_FACETS
from indexer.index_folder import REMOTE, open_index
from indexer.query.build import parse_query
from indexer.query.filters import Filters
from indexer.search.library import Library
from indexer.texts.store import TEXTS_FOLDER
from indexer.update.run import IndexOptions
from indexer.update.update import index_archive
from tests.bench import corpus
from tests.bench.baselines import EMBEDDED, engines, index_bytes
from tests.bench.measure import measured, print_table

_LENGTH_MU = 5.9
"""Of the lengths of texts in words: 5 KB on average."""

_DIFFERENT = 50_000
_NEW = 5_000
"""Of a busy day."""
KEPT_BY = "tantivy"
"""The engine whose archive is also looked after; the only one, if there is one."""

_ROUNDS = 5

Ask = Callable[[Engine], int]


def main(arguments: list[str]) -> None:
    """Make what is missing, and print one table of steps and one of searches."""
    parser = argparse.ArgumentParser(prog="scripts/bench million", description=__doc__)
    parser.add_argument("--size", type=int, nargs="+", default=[1_000_000], help="how many submissions")
    parser.add_argument("--engine", nargs="+", default=EMBEDDED, help="which engines")
    parser.add_argument("--place", type=Path, default=Path("bench-million"), help="folder that keeps the archives")
    parser.add_argument("--nodes", type=int, default=1, help="of the server that opensearch needs")
    options = parser.parse_args(arguments)
    with engines(options.engine, nodes=options.nodes) as measured_engines:
        _measure(options.place, options.size, measured_engines, nodes=options.nodes)


def _measure(place_of_all: Path, sizes: Sequence[int], names: list[str], *, nodes: int) -> None:
    steps: dict[str, dict[str, object]] = {}
    searches: dict[str, dict[str, object]] = {}
    columns = [_column(size, engine, nodes) for size in sizes for engine in names]
    for size in sizes:
        place = place_of_all / str(size)
        place.mkdir(parents=True, exist_ok=True)
        _step(place, "store", partial(_store, place, size))
        for engine in names:
            column = _column(size, engine, nodes)
            named = engine if engine not in REMOTE else f"{engine}-{nodes}"
            if engine in REMOTE and not (place / f"search-{named}.json").exists():  # its server has been new
                (place / f"index-{named}.json").unlink(missing_ok=True)
                shutil.rmtree(place / engine, ignore_errors=True)
            taken = {
                "index": _step(place, f"index-{named}", partial(_index, place, engine)),
                "search": _step(place, f"search-{named}", partial(_search, place / engine, engine)),
            }
            if engine == KEPT_BY or (names == [engine] and engine not in REMOTE):
                work = (("status", _status), ("verify", _verify), ("repair", _repair), ("nightly", _nightly))
                taken |= {name: _step(place, name, partial(_with_index, place, engine, run)) for name, run in work}
            for name, value in taken["search"]["result"].items():
                searches.setdefault(name, {})[column] = value
            for name, facts in taken.items():
                _add(steps, name, column, facts)
    print_table("Steps", ["", *columns], _rows(steps, columns))
    print_table(f"Searches: CPU ms, median of {_ROUNDS}", ["", *columns], _rows(searches, columns))


def _column(size: int, engine: str, nodes: int) -> str:
    return f"{size:,} {engine}" + (f", {nodes} nodes" if engine in REMOTE else "")


def _add(steps: dict[str, dict[str, object]], name: str, column: str, facts: dict[str, Any]) -> None:
    units = {"CPU s": facts["cpu_s"], "wall s": facts["wall_s"], "peak MB": facts["peak_mb"]}
    units["without mapped files MB"] = facts.get("own_mb", "")
    if name == "index":
        units |= {"worker's peak MB": facts["worker_mb"], "on disk MB": facts["result"]}
    for unit, value in units.items():
        steps.setdefault(f"{name}: {unit}", {})[column] = value


def _rows(table: dict[str, dict[str, object]], columns: Sequence[str]) -> list[list[object]]:
    return [[name, *(of_column.get(column, "") for column in columns)] for name, of_column in table.items()]


def _step(place: Path, name: str, work: Callable[[], object]) -> dict[str, Any]:
    """What `work` took and gave, in a process of its own; or what it did when it was done before."""
    kept = place / f"{name}.json"
    if not kept.exists():
        run = measured(work)
        facts = {"result": run.result, "wall_s": run.wall_s, "cpu_s": run.cpu_s, "peak_mb": run.peak_bytes / 1e6}
        facts |= {"own_mb": run.own_peak_bytes / 1e6, "worker_mb": run.worker_peak_bytes / 1e6}
        kept.write_text(json.dumps(facts))
    taken: dict[str, Any] = json.loads(kept.read_text())
    return taken


def _store(place: Path, size: int) -> int:
    corpus._LENGTH_MU = _LENGTH_MU  # shorter texts than the other measurements have
    different = min(size, _DIFFERENT)
    root = place / "edgar"
    if not _holds(root, different):  # they come first
        corpus.store(root, iter(corpus.InventedFilings(different)))
    with Archive.open(root) as archive:
        first = [
            (record.accession, record.form, record.filing_date, record.cik or Cik(0), archive.read(record.accession))
            for record in islice(archive.catalogue.records(), different)
        ]
    return corpus.store(root, islice(corpus.copies(lambda: iter(first), -(-size // different)), size))


def _holds(root: Path, count: int) -> bool:
    if not root.exists():
        return False
    with Archive.open(root) as archive:
        return archive.catalogue.count() >= count


def _index(place: Path, engine: str) -> float:
    """The index of `engine`, moved aside; its size in MB. Texts are extracted anew for each engine."""
    shutil.rmtree(place / "edgar" / TEXTS_FOLDER, ignore_errors=True)
    with Archive.open(place / "edgar", writable=True) as archive:
        index_archive(archive, IndexOptions(engine=engine, jobs=2), rebuild=True)
        archive.index_path.rename(place / engine)
    return index_bytes(place / engine) / 1e6


def _search(folder: Path, name: str) -> dict[str, float | str]:
    """CPU milliseconds of each kind of search, and of the engine's library alone; or that it exceeds the time limit.

    The first of each is not counted, nor is one that was just counted. The loop shows how fast the machine was.
    """
    engine = open_index(folder)
    taken: dict[str, float | str] = {}
    for kind, asks in _questions().items():
        try:
            taken[kind] = _median_ms([partial(ask, engine) for ask in asks])
        except QueryTimeoutError:
            taken[kind] = "too slow"
        if name == "tantivy" and kind in _ALONE:
            alone = tantivy.Index.open(str(folder / "tantivy"))
            searcher = alone.searcher()
            taken[f"{kind}, tantivy alone"] = _median_ms(
                [partial(_alone, searcher, alone, text) for text in _ALONE[kind]]
            )
    engine.close()
    taken["a loop of a million steps"] = _median_ms([_loop] * (_ROUNDS + 1))
    return taken


def _alone(searcher: tantivy.Searcher, index: tantivy.Index, text: str) -> object:
    return searcher.search(index.parse_query(text, ["text"]), 10)


def _loop() -> None:
    for _ in range(1_000_000):
        pass


def _median_ms(asks: Sequence[Callable[[], object]]) -> float:
    times = []
    for ask in asks:
        started = time.process_time()
        ask()
        times.append((time.process_time() - started) * 1e3)
    return median(times[1:])


_COMMON = ("directors", "interest", "executive", "officer", "income", "shares")[: _ROUNDS + 1]
_PAIRS = tuple(zip(_COMMON, _COMMON[1:] + _COMMON[:1], strict=True))
_ALONE = {
    "common word": list(_COMMON),
    "two words": [f"+{one} +{other}" for one, other in _PAIRS],
    "any of three": [f"{one} {other} notes" for one, other in _PAIRS],
    "phrase of two": [f'"{one} {other}"' for one, other in _PAIRS],
}
"""The same queries in tantivy's own language."""


def _questions() -> dict[str, list[Ask]]:
    """Searches of each kind, no two the same: an engine may remember totals."""
    form = Filters(form=["8-K"]).tree()

    def search(query: str | None, **options: Any) -> Ask:
        tree = None if query is None else parse_query(query)
        return lambda engine: engine.search(tree, **options).total

    def facets(query: str, *kinds: str) -> Ask:
        tree = parse_query(query)
        return lambda engine: sum(len(engine.facet(tree, kind)) for kind in kinds)

    return {
        "common word": [search(word) for word in _COMMON],
        "two words": [search(f"{one} {other}") for one, other in _PAIRS],
        "any of three": [search(f"{one} OR {other} OR notes") for one, other in _PAIRS],
        "phrase of two": [search(f'"{one} {other}"') for one, other in _PAIRS],
        "common word, newest first": [search(word, sort="newest") for word in _COMMON],
        "common word, one form": [search(word, filters=form) for word in _COMMON],
        "filters only": [search(None, filters=form, offset=offset) for offset in range(_ROUNDS + 1)],
        "one facet": [facets(word, "form") for word in _COMMON],
        f"all {len(FACETS) - 1} facets but sections": [facets(word, *SUBMISSION_FACETS, "type") for word in _COMMON],
    }


def _with_index(place: Path, engine: str, work: Callable[[Path], float]) -> float:
    """`work` on the archive while it has the index of `engine`."""
    root = place / "edgar"
    with Archive.open(root) as archive:
        index = archive.index_path
    (place / engine).rename(index)
    try:
        return work(root)
    finally:
        index.rename(place / engine)


def _status(root: Path) -> float:
    with Library(root) as library:
        return library.status().submissions


def _verify(root: Path) -> float:
    """Every byte of files, index and texts; how many findings there are."""
    return len(verify_archive(Settings(root=root)).findings)


def _repair(root: Path) -> float:
    """A quick check of all, after the catalogue lost a row; how many findings were repaired."""
    with Archive.open(root, writable=True) as archive:
        archive.catalogue.remove(next(archive.catalogue.records()).accession)
    return len(repair_archive(Settings(root=root), quick=True).repaired or ())


def _nightly(root: Path) -> float:
    """The import of as many new submissions as EDGAR gets in a night, and their indexing; how many were indexed."""
    packed = root.parent / "new.tar"
    corpus._LENGTH_MU = _LENGTH_MU
    with tarfile.open(packed, "w") as tar:
        for accession, _, _, _, data in corpus.copies(lambda: iter(corpus.InventedFilings(_NEW)), 1):
            content = data.replace(accession.encode(), f"0009999900{accession[10:]}".encode())
            info = tarfile.TarInfo(f"{accession}.txt")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    with Archive.open(root, writable=True) as archive:
        import_into(archive, [packed], jobs=2, max_bytes=2_000_000_000)
        return index_archive(archive, IndexOptions(jobs=2)).indexed
