"""The Whoosh engine: what is found, in which order, and what survives a stop at any moment."""

from __future__ import annotations

import gc
import itertools
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from whoosh.index import open_dir
from whoosh.query import Term

from archiver.errors import IndexMissingError, LockedError, QueryError, StorageError
from archiver.identifiers import Cik, FormType
from indexer.engine import FacetCount, Sort
from indexer.entries import HitEntity, IndexEntry
from indexer.fields import Facet
from indexer.query import bounds
from indexer.query.build import parse_query
from indexer.query.filters import Filters
from indexer.whoosh_engine.engine import WhooshEngine
from tests.paths import ROOT
from tests.unit.index_entries import accession, add, count, entry


def put(engine: WhooshEngine, *entries: IndexEntry) -> None:
    """Add entries by submission, and commit."""
    for number, group in itertools.groupby(entries, key=lambda one: one.accession):
        add(engine, number, list(group))
    engine.commit()


def find(
    engine: WhooshEngine,
    query: str | None = None,
    *,
    filters: Filters | None = None,
    sort: Sort | None = None,
    documents: bool = False,
) -> list[int]:
    """The sequence part of the accession number of every hit, in order."""
    result = engine.search(
        None if query is None else parse_query(query),
        filters=None if filters is None else filters.tree(),
        sort=sort,
        limit=1000,
        documents=documents,
    )
    assert result.total == len(result.hits)
    return [int(json.loads(hit.stored)["accession"][-6:]) for hit in result.hits]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[WhooshEngine]:
    """An empty index."""
    made = WhooshEngine.create(tmp_path)
    yield made
    made.close()


@pytest.fixture
def filled(engine: WhooshEngine) -> WhooshEngine:
    """An index with one rich submission, and another."""
    put(
        engine,
        entry(
            1,
            "Mr. Shurtleff resigned from the Board of Directors of AT&T for $1,234.56 on the registrant's Form 10-K.",
            form=FormType("8-K"),
            filing_date=date(2004, 12, 22),
            period_of_report=date(2004, 12, 17),
            items=("5.02", "9.01"),
            entities=(HitEntity(Cik(1056386), "INTERNAP NETWORK SERVICES CORP", "FILER"),),
            names=("INTERNAP NETWORK SERVICES CORP", "ACME INC", "INTERNAP NETWORK SERVICES CORP/WA"),
            sics=(7389,),
            states=("DE",),
            file_numbers=("000-27265",),
            description="FORM 8-K",
        ),
        entry(2, "nothing", form=FormType("SC 13D/A"), filing_date=date(2005, 1, 3), type="EX-99.1"),
    )
    return engine


@pytest.mark.parametrize(
    "query",
    [
        "board of directors",
        '"board of directors"',
        '"board of direct*"',
        "shurtleff resign*",
        "re?igned",
        "resinged~2",
        "AT&T",
        "10-K",
        "10-K*",
        "1,234.56",
        "registrant's",
        '"shurtleff board"~4',
        '"board shurtleff"~4',
        '"directors shurtleff board"~5',
        '"direct* sh* from"~5',
        "stem:resigning",
        "stem:REGISTRANTS",
        'stem:"boards of director"',
        'stem:"director resigning"~5',
        "shurtleff NOT zebra",
        "zebra OR shurtleff",
        "(zebra OR shurtleff) AND directors",
        "cik:0001056386 AND item:5.02",
        "item:9.*",
        "form:8-K",
        "form:8-k*",
        "type:8-K",
        "description:form",
        "accession:000119312504000001",
        "filed:2004",
        "filed:2004-12-22",
        "period:[2004-12-01 TO 2004-12-31]",
        "sic:7389",
        "state:de",
        "file:000-27265",
        "name:internap",
        'name:"services internap"',
        'name:"inter* wa"',
        'name:"Internap Network Services Corp/WA"',
    ],
)
def test_a_submission_is_found_by_its_words_and_facts(filled: WhooshEngine, query: str) -> None:
    """Each form of the language finds the one submission that it describes."""
    assert find(filled, query) == [1]


@pytest.mark.parametrize(
    "query",
    [
        "zebra",
        '"directors of board"',
        '"shurtleff board"~3',
        '"board shurtleff"~3',
        '"directors direct*"~50',
        "board NOT directors",
        "form:8-K/A",
        "form:8",
        "item:5",
        "cik:42",
        "cik:105638",
        "filed:2003",
        "period:2005",
        'name:"acme internap"',
        "name:intern",
        "shurtlef",
    ],
)
def test_what_is_not_there_is_not_found(filled: WhooshEngine, query: str) -> None:
    """No other words, no part of a value, no words of two different names."""
    assert find(filled, query) == []


def test_facets_count_every_hit_by_its_values(engine: WhooshEngine) -> None:
    """Hits are counted by each value of theirs, in EDGAR's spelling, over all segments and beyond any page."""
    facts: dict[str, object] = {
        "items": ("5.02", "9.01"),
        "entities": (HitEntity(Cik(320), "ACME", "FILER"), HitEntity(Cik(42), "OTHER", "FILER")),
        "sics": (7389,),
        "states": ("DE",),
    }
    put(engine, entry(1, "x zebra", **facts), entry(1, "x", position=1, type="EX-99.1", **facts))
    put(engine, entry(2, "x", form=FormType("SC 13D/A"), type="SC 13D/A", filing_date=date(2005, 1, 3), items=["5.02"]))
    put(engine, entry(3, "other"))

    def facet(name: Facet, *, documents: bool = False) -> dict[int | str, int]:
        return {found.value: found.count for found in engine.facet(parse_query("x"), name, documents=documents)}

    assert list(facet("item").items()) == [("5.02", 2), ("9.01", 1)]
    assert facet("form") == {"8-K": 1, "SC 13D/A": 1}
    assert facet("form", documents=True) == {"8-K": 2, "SC 13D/A": 1}
    assert facet("type", documents=True) == {"8-K": 1, "EX-99.1": 1, "SC 13D/A": 1}
    assert sum(facet("type").values()) == 2
    assert facet("cik") == {42: 1, 320: 1}
    assert facet("sic") == {7389: 1}
    assert facet("state") == {"DE": 1}
    assert facet("year") == {2004: 1, 2005: 1}
    assert engine.facet(None, "year", filters=Filters(form=["8-K"]).tree()) == (FacetCount(2004, 2),)


def test_a_count_needs_no_hits(filled: WhooshEngine) -> None:
    """With a limit of 0 the total is the same as with hits."""
    for query in ("nothing", '"board of directors"', "NOT nothing", "filed:2005", "zebra"):
        tree = parse_query(query)
        counted = filled.search(tree, limit=0)
        assert (counted.total, counted.hits) == (filled.search(tree).total, ())


def test_filters_select_without_scoring(filled: WhooshEngine) -> None:
    """Filters alone list newest first without score; beside a query they leave its scores alone."""
    assert find(filled, filters=Filters(form=["8-K", "sc 13d*"])) == [2, 1]
    assert find(filled, filters=Filters(since=date(2004, 12, 22), until=date(2004, 12, 22))) == [1]
    assert filled.search(None).hits[0].score is None
    query = parse_query("shurtleff")
    alone, filtered = (
        filled.search(query),
        filled.search(query, filters=Filters(form=["8-K"], name=["internap"]).tree()),
    )
    assert alone.hits[0].score is not None
    assert alone.hits == filtered.hits


def test_a_submission_is_one_hit_by_its_best_document(engine: WhooshEngine) -> None:
    """Several matching documents are one hit, the best of them, unless documents are asked for."""
    put(
        engine,
        entry(1, "filler " * 50 + "zebra", position=0, sequence=1),
        entry(1, "zebra zebra", position=1, sequence=2, type="EX-99.1"),
    )
    result = engine.search(parse_query("zebra"))
    assert (result.total, len(result.hits)) == (1, 1)
    assert json.loads(result.hits[0].stored)["sequence"] == 2
    assert engine.search(parse_query("zebra"), documents=True).total == 2
    assert json.loads(engine.search(None).hits[0].stored)["sequence"] == 1


def test_order_is_by_filing_date_acceptance_and_accession(engine: WhooshEngine) -> None:
    """Newest and oldest are exact opposites, and equal scores fall back to newest."""
    put(
        engine,
        entry(1, "x", filing_date=date(2004, 1, 2)),
        entry(2, "x", filing_date=date(2004, 1, 3), acceptance_datetime=datetime(2004, 1, 2, 9)),  # noqa: DTZ001
        entry(3, "x", filing_date=date(2004, 1, 3), acceptance_datetime=datetime(2004, 1, 2, 18)),  # noqa: DTZ001
        entry(4, "x", filing_date=date(2004, 1, 2)),
    )
    assert find(engine, "x", sort="newest") == [3, 2, 4, 1]
    assert find(engine, "x", sort="oldest") == [1, 4, 2, 3]
    assert find(engine, "x") == [3, 2, 4, 1]
    assert find(engine) == [3, 2, 4, 1]


def test_pages_cut_one_order(engine: WhooshEngine) -> None:
    """Limit and offset give the parts of the same list, and the total stays exact."""
    put(engine, *(entry(number, "x") for number in range(1, 8)))
    pages = [engine.search(parse_query("x"), limit=3, offset=offset) for offset in (0, 3, 6, 9)]
    assert [page.total for page in pages] == [7, 7, 7, 7]
    assert [len(page.hits) for page in pages] == [3, 3, 1, 0]
    assert [hit for page in pages for hit in page.hits] == list(engine.search(parse_query("x"), limit=7).hits)


def test_an_added_submission_replaces_its_earlier_entries(engine: WhooshEngine) -> None:
    """After a commit only the newest entries of a submission are found, also within one batch."""
    put(engine, entry(1, "first"), entry(2, "other"))
    put(engine, entry(1, "second", position=0), entry(1, "second", position=1))
    add(engine, accession(1), [entry(1, "third")])
    add(engine, accession(1), [entry(1, "fourth")])
    engine.commit()
    assert find(engine, "first OR second OR third") == []
    assert find(engine, "fourth", documents=True) == [1]
    assert find(engine, "NOT zebra") == [2, 1]
    assert sorted(found[0] for found in engine.stored()) == [accession(1), accession(2)]


def test_a_deleted_submission_is_gone(engine: WhooshEngine) -> None:
    """Deleting needs no entries, and what else there is stays."""
    put(engine, entry(1, "x"), entry(2, "x"))
    engine.delete(accession(1))
    engine.commit()
    assert find(engine, "x") == find(engine) == find(engine, "filed:2004") == [2]


def test_what_is_not_committed_is_not_found(tmp_path: Path) -> None:
    """A run that dies before its commit leaves the index as it was, and the next one can write."""
    first = WhooshEngine.create(tmp_path)
    put(first, entry(1, "x"))
    add(first, accession(2), [entry(2, "x")])
    first.close()
    second = WhooshEngine.open(tmp_path, writable=True)
    assert find(second, "x") == [1]
    put(second, entry(3, "x"))
    assert find(second, "x") == [3, 1]
    second.close()


@pytest.mark.slow
def test_many_small_commits_leave_few_segments(engine: WhooshEngine) -> None:
    """A year of small daily runs does not leave hundreds of segments, and nothing gets lost or doubled by merging."""
    for number in range(1, 31):
        put(
            engine,
            entry(number, "zebra alpha beta", names=("ACME INC", "OTHER CORP"), filing_date=date(2004, 1, number)),
        )
    assert len(engine._index._segments()) < 10
    assert find(engine, '"zebra alpha" name:acme', sort="oldest") == list(range(1, 31))
    assert find(engine, 'name:"acme other"') == []
    assert find(engine, "filed:2004-01-05") == [5]


def test_a_second_writer_is_told_of_the_first(tmp_path: Path) -> None:
    """Two processes never write one index at the same time."""
    first = WhooshEngine.create(tmp_path)
    add(first, accession(1), [entry(1, "x")])
    second = WhooshEngine.open(tmp_path, writable=True)
    with pytest.raises(LockedError):
        add(second, accession(2), [entry(2, "x")])
    second.close()
    first.close()


def test_a_reader_sees_each_commit(tmp_path: Path) -> None:
    """An index that was opened earlier finds what another commits later."""
    writer = WhooshEngine.create(tmp_path)
    reader = WhooshEngine.open(tmp_path)
    assert find(reader, "x") == []
    put(writer, entry(1, "x"))
    assert find(reader, "x") == [1]
    put(writer, entry(2, "x"))
    assert find(reader, "x") == [2, 1]
    reader.close()
    writer.close()


@pytest.mark.slow
def test_threads_may_search_one_engine(engine: WhooshEngine) -> None:
    """Searches that run at the same time, while commits happen, get whole answers."""
    put(engine, *(entry(number, f"zebra word{number} " * 20) for number in range(1, 60)))
    wrong: list[object] = []

    def search(number: int) -> None:
        for _ in range(15):
            found = find(engine, f'"zebra word{number}"')
            if found != [number]:
                wrong.append(found)

    threads = [threading.Thread(target=search, args=(number,)) for number in range(1, 7)]
    for thread in threads:
        thread.start()
    for number in range(100, 110):
        put(engine, entry(number, "other"))
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_pattern_that_expands_too_far_is_refused(engine: WhooshEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern that stands for too many words is an error that names the bound."""
    put(engine, entry(1, " ".join(f"word{number}" for number in range(40))))
    monkeypatch.setattr(bounds, "MAX_EXPANSIONS", 30)
    with pytest.raises(QueryError, match="30"):
        find(engine, "word*")
    with pytest.raises(QueryError, match="word"):
        find(engine, '"word1 word*"')
    assert find(engine, "word1*") == [1]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Whoosh leaves a broken file open
@pytest.mark.parametrize("damage", ["none", "empty", "cut"])
def test_an_unreadable_index_is_one_error(tmp_path: Path, damage: str) -> None:
    """Whatever is wrong with the files, the error is ours and says to rebuild."""
    if damage == "cut":
        made = WhooshEngine.create(tmp_path)
        put(made, entry(1, "x"))
        made.close()
        toc = next(tmp_path.glob("*.toc"))
        toc.write_bytes(toc.read_bytes()[:40])
    path = tmp_path / "missing" if damage == "none" else tmp_path
    with pytest.raises(IndexMissingError):
        WhooshEngine.open(path)


def test_stock_whoosh_opens_the_index(filled: WhooshEngine, tmp_path: Path) -> None:
    """The index is an ordinary Whoosh index: Whoosh's own searcher finds the same."""
    assert count(filled) == 2
    with open_dir(str(tmp_path)).searcher() as searcher:
        assert len(searcher.search(Term("text", "shurtleff"))) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Whoosh leaves a cut file open
def test_a_disk_that_fills_up_leaves_the_index_as_it_was(tmp_path: Path) -> None:
    """When a commit finds no room, the error says so, and the index still answers and takes the next commit."""
    engine = WhooshEngine.create(tmp_path)
    put(engine, entry(1, "zebra"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(StorageError, match="no room"):
            put(engine, entry(2, " ".join(f"zebra{number}" for number in range(50_000))))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    gc.collect()
    assert find(engine) == [1]
    put(engine, entry(3, "zebra"))
    assert find(engine, "zebra") == [3, 1]
    engine.close()


@pytest.mark.parametrize("delay_s", [0.02, 0.1, 0.3])
@pytest.mark.slow
def test_a_killed_writer_leaves_a_whole_index(tmp_path: Path, delay_s: float) -> None:
    """A kill at any moment leaves the last commit, and the next writer goes on from there."""
    WhooshEngine.create(tmp_path).close()
    empty = set(tmp_path.glob("*.toc"))
    context = multiprocessing.get_context("spawn")
    child = context.Process(target=_commit_without_end, args=(str(tmp_path),))
    child.start()
    while set(tmp_path.glob("*.toc")) <= empty:
        child.join(0.01)
    child.join(delay_s)
    child.kill()
    child.join()
    engine = WhooshEngine.open(tmp_path, writable=True)
    found = find(engine, '"zebra alpha"', sort="oldest")
    assert found == list(range(1, len(found) + 1))
    assert found
    put(engine, entry(0, "zebra alpha"))
    assert len(find(engine, '"zebra alpha"')) == len(found) + 1
    engine.close()


def _commit_without_end(path: str) -> None:
    """What the killed process does."""
    engine = WhooshEngine.open(Path(path), writable=True)
    for number in itertools.count(1):
        put(engine, entry(number, "zebra alpha " * 50))


@pytest.mark.slow
def test_whoosh_is_compiled_without_a_word(tmp_path: Path) -> None:
    """Installed without compiling, as uv does, the first command prints no warning of the compiler about Whoosh."""
    done = subprocess.run(
        [sys.executable, "-c", "import indexer.whoosh_engine.engine"],
        env={**os.environ, "PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
