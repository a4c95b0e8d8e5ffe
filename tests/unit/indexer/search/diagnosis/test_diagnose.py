"""Why a search finds nothing."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Never

import pytest

from archiver.settings.settings import Settings
from edgarchive import AsyncLibrary, Library, SearchOptions, import_submissions
from indexer.query.bounds import Deadline
from indexer.search.diagnosis.diagnose import diagnose
from indexer.search.diagnosis.model import Diagnosis
from indexer.search.hits import FromLibrary
from indexer.search.results import Results
from tests.loopback import FIXTURES


@pytest.fixture(scope="module", params=["whoosh", "tantivy"])
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The invented submissions, in each engine that needs no server."""
    if request.param == "tantivy":
        pytest.importorskip("tantivy")
    settings = Settings(root=tmp_path_factory.mktemp(request.param) / "edgar", engine=request.param)
    import_submissions([FIXTURES], settings=settings)
    with Library(settings=settings) as opened:
        yield opened


LAST_ADDED = "LAST_ADDED"
"""Stands for the day of the newest filing in the archive."""
FILED_SINCE_2099 = "nothing here was filed since 2099-01-01; filing dates here: 1994-11-10 to 2023-04-27"

CASES: tuple[tuple[str | None, dict[str, Any], tuple[str, ...]], ...] = (
    # the query
    (
        "resigned officer zebra",
        {},
        ("`resigned` 1, `officer` 2, `zebra` 0, together 0", "with `resigned officer`: 1 hit"),
    ),
    ('"officer chief"', {}, ("`officer` 2, `chief` 2, together 0", 'with `"officer chief"~10`: 2 hits')),
    (
        "chief PRE/1 resigned",
        {},
        ("`chief` 2, `resigned` 1, together 0", "with `chief resigned`: 1 hit"),
    ),
    ("resigned -officer", {}, ("`resigned` 1, together 0", "with `resigned`: 1 hit")),
    ("resigned or retired", {}, ("`resigned` 1, `or` 7, `retired` 0, together 0", "with `resigned OR retired`: 1 hit")),
    ("zzz OR yyy", {}, ("`zzz` 0, `yyy` 0, together 0",)),
    ("acquistion", {}, ("`acquistion` is nowhere in this archive", "with `acquisition`: 1 hit")),
    (
        "resigned oficer",
        {},
        ("`resigned` 1, `oficer` 0, together 0", "with `resigned officer`: 1 hit"),
    ),
    ("resign", {}, ("`resign` is nowhere in this archive", "with stem: 2 hits", "with `resigned`: 1 hit")),
    ("xyz*", {}, ("`xyz*` is nowhere in this archive",)),
    ("CIK 9000001", {}, ("`CIK` 0, `9000001` 0, together 0", "with `cik:9000001`: 2 hits")),
    ("item:1A crow", {}, ("`item:1A` 0, `crow` 1, together 0", "with `section:1A crow`: 1 hit")),
    ("zebra", {}, ("`zebra` is nowhere in this archive",)),
    ('"zebra"', {}, ("`zebra` is nowhere in this archive",)),
    # dates and runs in which there is nothing
    (None, {"since": 2099}, (FILED_SINCE_2099,)),
    (
        None,
        {"until": "1980-06"},
        ("nothing here was filed until 1980-06-30; filing dates here: 1994-11-10 to 2023-04-27",),
    ),
    ("resigned", {"since": 2099}, (FILED_SINCE_2099, "without since 2099-01-01: 1 hit")),
    ("filed:2099", {}, ("nothing here matches `filed:2099`; filing dates here: 1994-11-10 to 2023-04-27",)),
    (None, {"added_since": 99}, ("nothing here was added by run 99 or later; the last run is 1",)),
    (None, {"added_since": "2099-01"}, ("nothing here was added since 2099-01-01; the last was added LAST_ADDED",)),
    (
        "resigned added:2099",
        {},
        (
            "nothing here matches `added:2099`; the last was added LAST_ADDED",
            "`resigned` 1, `added:2099` 0, together 0",
            "with `resigned`: 1 hit",
        ),
    ),
    # filters
    ("resigned", {"form": "10-K"}, ("without form 10-K: 1 hit",)),
    ("resigned", {"form": "10-K", "since": 1993, "until": 1995}, ("without filters: 1 hit",)),
    ("resigned", {"until": 1995, "form": "8-K"}, ("without until 1995-12-31: 1 hit",)),
    ("resigned", {"since": 1994, "until": 1995}, ("without since 1994-01-01 until 1995-12-31: 1 hit",)),
    ("zebra", {"form": "10-K"}, ("`zebra` is nowhere in this archive",)),
    # items
    (
        None,
        {"form": "10-K", "item": "1A"},
        ("10-K filings here have no items", "without item 1A: 2 hits", "with section 1A: 1 hit"),
    ),
    ("resigned", {"form": "10-K", "item": "1A"}, ("10-K filings here have no items",)),
    (
        None,
        {"form": "DEF 14A", "item": "5.02"},
        ("DEF 14A filings here have no items", "without form DEF 14A: 2 hits", "without item 5.02: 1 hit"),
    ),
)


@pytest.mark.parametrize(("query", "filters", "lines"), CASES)
def test_what_is_said(library: Library, query: str | None, filters: dict[str, Any], lines: tuple[str, ...]) -> None:
    """Parts and what they find alone, the filter that is the cause, and what finds something; nothing else."""
    found = library.diagnose(query, **filters)
    last_added = max(hit.added for hit in library.search(since=1993, limit=None) if hit.added)
    assert found.lines() == tuple(line.replace(LAST_ADDED, f"{last_added:%Y-%m-%d}") for line in lines)
    assert found == library.search(query, **filters).diagnose()
    assert found.is_complete


@pytest.mark.parametrize(("query", "filters", "_"), CASES)
def test_all_advice_helps(library: Library, query: str | None, filters: dict[str, Any], _: object) -> None:
    """Each change that is proposed finds as much as is said."""
    options = SearchOptions(query, **filters)
    found = library.diagnose(query, **filters)
    for cause in found.filters:
        names = {"since", "until"} if cause.filter in {"since", "until"} else {cause.filter}
        assert library.run(options.without(*names)).total == cause.without > 0
    for one in found.alternatives:
        changed: dict[str, Any] = {one.change: True if one.change == "stem" else one.value}
        if one.change == "section":
            changed["item"] = None
        assert library.run(options.replace(**changed)).total == one.count > 0


def test_a_value_that_nothing_has_gets_a_near_one_only_where_it_helps(library: Library) -> None:
    """A misspelt form is named; another is proposed where the whole search finds something with it."""
    assert library.diagnose("resigned", form="8K").unknown_lines() == (
        "nothing in this archive has the form 8K; did you mean 8-K? (1 hit)",
    )
    [line] = library.diagnose("zebra", form="8K").unknown_lines()
    assert line == "nothing in this archive has the form 8K; check its spelling, or mirror it with `edgarchive sync`"
    assert library.diagnose(None, name="Apple").lines() == ()
    [line] = library.diagnose(None, name="AAPL").unknown_lines()
    assert line.endswith("`edgarchive sync`; if it is a ticker, search by ticker")


@pytest.mark.parametrize(
    ("filters", "near"),
    [
        ({"form": "DEF14A"}, "DEF 14A"),
        ({"form": "13D"}, None),  # an amendment is not what was meant
        ({"form": "10-Q/A"}, None),
        ({"form": "10"}, "10*"),
        ({"item": "502"}, "5.02"),
        ({"item": "2"}, "2.02"),
        ({"type": "99.1"}, "EX-99.1"),
        ({"sic": "36"}, "36*"),
        ({"name": "Meridan Lantern"}, "MERIDIAN LANTERN CORP"),
        ({"name": "Teal & Sage Dynamics, Inc. (TSGD)"}, "Teal & Sage Dynamics, Inc."),
        ({"name": "Foobar Corp"}, None),
        ({"type": "EX-101"}, None),
    ],
)
def test_a_value_that_nothing_has_names_what_is_spelled_like_it(
    library: Library, filters: dict[str, Any], near: str | None
) -> None:
    """The same letters first, then what it begins or ends, then what is similar; each finds what is said."""
    [one] = library.diagnose(**filters).unknown
    assert one.near == near
    if near is not None:
        assert library.run(SearchOptions().replace(**dict.fromkeys(filters, near))).total == one.count > 0


@pytest.mark.parametrize(
    "query", ["form:10K", "resigned form:8K", "form:DEF14A", 'name:"Meridan Lantern"', "name:Lanturn"]
)
def test_the_query_with_a_near_value_finds_what_is_said(library: Library, query: str) -> None:
    """The value is put in its place, in quotes if it needs them."""
    [one] = library.diagnose(query).unknown
    assert one.query is not None
    assert library.search(one.query).total == one.count > 0


def test_an_empty_archive_says_so(tmp_path: Path) -> None:
    """Nothing else is to be found out."""
    settings = Settings(root=tmp_path / "edgar")
    (tmp_path / "none").mkdir()
    import_submissions([tmp_path / "none"], settings=settings)
    with Library(settings=settings) as library:
        assert library.diagnose("resigned", form="8-K").lines() == (
            "this archive is empty; fill it with `edgarchive sync`",
        )


def test_a_search_that_finds_something_needs_no_diagnosis(library: Library) -> None:
    """Only its total is given, and nothing is asked."""
    assert library.diagnose("resigned") == Diagnosis(1)


def test_it_ends_in_time() -> None:
    """Once the time is over nothing more is asked, and that is said."""
    asked: list[SearchOptions] = []
    now = 0.0

    def run(options: SearchOptions) -> Results:
        nonlocal now
        asked.append(options)
        now += 1.0
        return Results(options.query, 5 if options.query is None else 0, 0.0, ())

    found = diagnose(SearchOptions("a b c d e f"), run, last_run=lambda: None, total=0, max_s=3.0, clock=lambda: now)
    assert len(asked) == 3
    assert "a b c d e f" not in {options.query for options in asked}
    assert not found.is_complete
    assert found.lines()[-1] == "not everything was tried, to save time"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("form", ["10-K", "8K"])
def test_a_search_that_takes_too_long_is_left_out(form: str) -> None:
    """It ends with the time of the diagnosis, not with its own, and is no error; nothing false is said instead."""
    asked = SearchOptions(form=form, item="1A")

    def too_long(*_: object) -> Never:
        for _step in Deadline().watch(itertools.repeat(0)):
            time.sleep(0.01)
        raise AssertionError

    def run(options: SearchOptions) -> Results:
        return Results(options.query, 0 if options.item else 5, 0.0, (), _count=FromLibrary(too_long))

    found = diagnose(asked, run, last_run=lambda: None, max_s=0.5)
    assert not found.is_complete
    assert not found.forms_without_items


def test_the_search_itself_is_run_once(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a search has found is not asked for again by its diagnosis."""
    asked: list[SearchOptions] = []
    run = Library.run

    def recorded(self: Library, options: SearchOptions) -> Results:
        asked.append(options)
        return run(self, options)

    monkeypatch.setattr(Library, "run", recorded)
    library.search("qqzz xxyy").diagnose()
    itself = [one for one in asked if (one.query, one.stem, one.within) == ("qqzz xxyy", False, "document")]
    assert len(itself) == 1


def test_json_has_the_numbers_and_the_words(library: Library) -> None:
    """For programs, and for people who read JSON."""
    found = library.diagnose("resigned", form=["10-K"]).to_dict()
    assert found["filters"] == ({"filter": "form", "values": ("10-K",), "without": 1},)
    assert found["text"] == ["without form 10-K: 1 hit"]


async def test_asyncio_gets_the_same(library: Library) -> None:
    """In a thread of its own."""
    async with AsyncLibrary(library.status().root) as other:
        assert await other.diagnose("resigned zebra") == library.diagnose("resigned zebra")
