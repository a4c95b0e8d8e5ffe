"""The options of a search as one value."""

from __future__ import annotations

import asyncio
import inspect
import json
import pickle
from collections import UserList
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from archiver.errors import IdentifierError, UsageError
from indexer.search.async_library import AsyncLibrary
from indexer.search.library import Library
from indexer.search.options import SearchOptions

SEVERAL = ("cik", "ticker", "form", "item", "name", "type", "sic", "state")


def test_the_arguments_of_a_search_are_the_options() -> None:
    """`Library.search` and its twin take just what `SearchOptions` takes, and say so to whoever inspects them."""
    options = inspect.signature(SearchOptions).parameters
    for method in (Library.search, AsyncLibrary.search):
        parameters = dict(inspect.signature(method).parameters)
        assert parameters.pop("self")
        assert parameters == options
        assert "`amendments`\nselects forms" in str(inspect.getdoc(method))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-11", date(2026, 11, 1)),
        (2026, date(2026, 1, 1)),
        ("20261120", date(2026, 11, 20)),
        (date(2026, 11, 20), date(2026, 11, 20)),
        ("2026-11-20T16:30", datetime(2026, 11, 20, 16, 30, tzinfo=UTC)),
        ("2026-11-20T16:30:00-05:00", datetime(2026, 11, 20, 21, 30, tzinfo=UTC)),
        (datetime(2026, 11, 20), datetime(2026, 11, 20, tzinfo=UTC)),  # noqa: DTZ001 — taken as UTC
        (12, "run:12"),
        ("3000", "run:3000"),
        ("run:2026", "run:2026"),
    ],
)
def test_added_since_takes_a_day_a_moment_or_a_run(given: Any, expected: object) -> None:
    """What looks like a year is one; options survive JSON."""
    options = SearchOptions(added_since=given)
    assert options.added_since == expected
    assert SearchOptions(**json.loads(json.dumps(options.to_dict()))) == options


@pytest.mark.parametrize("given", ["yesterday", "run:", "0", "-3", "202611", "2026-13", "run:x", ""])
def test_added_since_refuses_what_it_cannot_read(given: str) -> None:
    """An empty filter, a month without its dash and the like are errors, never everything."""
    with pytest.raises(UsageError, match="as a day or run"):
        SearchOptions(added_since=given)


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize("empty", [[], (), set(), {}.keys(), np.array([])], ids=lambda empty: type(empty).__name__)
def test_an_empty_filter_is_never_everything(name: str, empty: Any) -> None:
    """Whatever kind of collection is empty, the answer is an error that names the filter."""
    with pytest.raises(UsageError, match=f"an empty list for {name} would select nothing; give at least one value"):
        SearchOptions(**{name: empty})


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize("missing", [[None], ["a", None], [float("nan")], np.array([7.0, np.nan])], ids=repr)
def test_a_missing_value_is_no_value(name: str, missing: Any) -> None:
    """A gap in a column is an error, and never the text None."""
    with pytest.raises(UsageError, match=f"{name} has a missing value"):
        SearchOptions(**{name: missing})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (320193, (320193,)),
        ("0000320193", ("0000320193",)),
        ({7}, (7,)),
        ([7, 8, 7], (7, 8)),
        (UserList([7]), (7,)),
        (np.array([320193, 1056386]), (320193, 1056386)),
        (np.array([320193.0]), (320193,)),  # a column with gaps has floats
        (np.int64(7), (7,)),
        ((cik for cik in ("7", 8)), ("7", 8)),
    ],
)
def test_a_filter_takes_what_people_have(given: Any, kept: tuple[object, ...]) -> None:
    """One value, lists, sets, arrays, generators: each becomes a tuple of plain values without repetitions."""
    assert SearchOptions(cik=given).cik == kept
    assert all(type(value) in {int, str} for value in kept)


@pytest.mark.parametrize("wrong", [{"a": 1}, b"8-K"])
def test_a_filter_that_is_no_list_of_values_is_refused(wrong: Any) -> None:
    """The keys of a mapping, or the numbers of bytes, are not what anybody means."""
    with pytest.raises(UsageError, match="form cannot be"):
        SearchOptions(form=wrong)


@pytest.mark.parametrize(
    ("given", "since", "until"),
    [
        ("2015", date(2015, 1, 1), date(2015, 12, 31)),
        (2015, date(2015, 1, 1), date(2015, 12, 31)),
        ("2016-02", date(2016, 2, 1), date(2016, 2, 29)),
        ("2015-06-30", date(2015, 6, 30), date(2015, 6, 30)),
        ("20150630", date(2015, 6, 30), date(2015, 6, 30)),
        (date(2015, 6, 30), date(2015, 6, 30), date(2015, 6, 30)),
        (datetime(2015, 6, 30, 12, 0), date(2015, 6, 30), date(2015, 6, 30)),  # noqa: DTZ001 — as filings have them
        (np.datetime64("2015-06-30T12:00"), date(2015, 6, 30), date(2015, 6, 30)),
    ],
)
def test_a_year_or_month_stands_for_its_first_or_last_day(given: Any, since: date, until: date) -> None:
    """Dates come as people write them and as numpy has them."""
    options = SearchOptions(since=given, until=given)
    assert (options.since, options.until) == (since, until)
    assert type(options.since) is date


@pytest.mark.parametrize("wrong", ["yesterday", "2015-13", "0000", "15", "2015-6", 20150101000000])
def test_what_is_no_date_is_refused(wrong: Any) -> None:
    """With the spellings that are understood."""
    with pytest.raises(IdentifierError, match="write it like"):
        SearchOptions(since=wrong)


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        ("items", r"\(\) has no argument 'items'; did you mean item\?"),
        ("forms", r"\(\) has no argument 'forms'; did you mean form\?"),
        ("company", r"\(\) has no argument 'company'; it has: query, cik, ticker, form, item, name, "),
    ],
)
@pytest.mark.parametrize("method", [Library.search, Library.sections, Library.diagnose, AsyncLibrary.search])
def test_an_argument_that_a_search_does_not_have_is_named(method: Any, argument: str, says: str) -> None:
    """With the one that was probably meant, or with all."""
    with pytest.raises(TypeError, match=f"^{method.__name__}{says}"):
        _result(method, "resigned", **{argument: "8-K"})


def _result(method: Any, *arguments: Any, **given: Any) -> Any:
    result = method(None, *arguments, **given)
    return asyncio.run(result) if inspect.iscoroutine(result) else result


def test_options_are_values() -> None:
    """Equal options are equal and hash alike, can be pickled, changed as a copy, and written as JSON and read again."""
    options = SearchOptions("resigned", form=["8-K", "8-K/A"], since="2015", limit=None, stem=True)
    assert options == SearchOptions("resigned", form=("8-K", "8-K/A"), since=date(2015, 1, 1), limit=None, stem=True)
    assert pickle.loads(pickle.dumps(options)) == options  # noqa: S301 — our own bytes
    assert hash(options.replace(limit=10)) != hash(options)
    assert options.to_dict() == {
        "query": "resigned",
        "form": ("8-K", "8-K/A"),
        "since": "2015-01-01",
        "limit": None,
        "stem": True,
    }
    assert SearchOptions(**options.to_dict()) == options


@pytest.mark.parametrize("name", ["limit", "offset", "passages", "context_words"])
@pytest.mark.parametrize("wrong", ["ten", 1.5, [], -1])
def test_a_count_that_is_no_whole_number_is_refused(name: str, wrong: Any) -> None:
    """With our own error, before anything is searched."""
    with pytest.raises(UsageError, match=name):
        SearchOptions("candles", **{name: wrong})


@pytest.mark.parametrize("query", [5, b"candles", ["candles"]])
def test_a_query_is_text(query: Any) -> None:
    """Anything else is refused with our own error."""
    with pytest.raises(UsageError, match="not text"):
        SearchOptions(query)
