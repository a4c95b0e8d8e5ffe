from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from archiver.errors import IdentifierError, UsageError
from archiver.identifiers import AccessionNumber, Cik, FormType
from archiver.model import MasterIndexEntry
from archiver.selection.selection import Selection

ENTRY = MasterIndexEntry(
    Cik(1056386),
    "INTERNAP NETWORK SERVICES CORP/WA",
    FormType("8-K"),
    date(2004, 12, 22),
    AccessionNumber("0001193125-04-218426"),
)


@pytest.mark.parametrize(
    "selection",
    [
        Selection(),
        Selection(["8-k"]),
        Selection(["10-K", "8-K*"]),
        Selection(ciks=["0001056386"]),
        Selection(ciks=[1, 1056386]),
        Selection(names=["internap network"]),
        Selection(names=["Services INTERNAP"]),
        Selection(names=["alcoa", "corp/wa"]),
        Selection(since="2004-12-22", until="2004-12-22"),
        Selection(["8-K"], ciks=[1056386], names=["internap"], since=date(2004, 12, 1), until="20041231"),
    ],
)
def test_a_row_that_fits_is_selected(selection: Selection) -> None:
    """Values of one kind are alternatives, and both dates are inclusive."""
    assert selection.matches(ENTRY)


@pytest.mark.parametrize(
    "selection",
    [
        Selection(["8-K/A"]),
        Selection(ciks=[105638]),
        Selection(names=["inter"]),
        Selection(names=["internap alcoa"]),
        Selection(since="2004-12-23"),
        Selection(until="2004-12-21"),
        Selection(["8-K"], ciks=[1056386], names=["alcoa"]),
    ],
)
def test_a_row_that_misses_one_kind_is_not_selected(selection: Selection) -> None:
    """Different kinds must all hold; a name matches by whole words."""
    assert not selection.matches(ENTRY)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"form": "8-K", "forms": ["8-K"]}, UsageError),
        ({"forms": ["8-K,10-Q"]}, UsageError),
        ({"ciks": ["AAPL"]}, IdentifierError),
        ({"since": "yesterday"}, IdentifierError),
        ({"since": "2004-12-31", "until": "2004-12-01"}, UsageError),
        ({"limit": 0}, UsageError),
        ({"names": ["..."]}, UsageError),
    ],
)
def test_a_selection_that_cannot_be_meant_is_refused(values: dict[str, Any], error: type[UsageError]) -> None:
    """A slip is said at once, before a request is made for the wrong thing."""
    with pytest.raises(error):
        Selection(**values)


@pytest.mark.parametrize(
    ("since", "until", "first", "last"),
    [
        (2019, "2020", date(2019, 1, 1), date(2020, 12, 31)),
        ("2019-02", "2020-02", date(2019, 2, 1), date(2020, 2, 29)),
        ("20190214", date(2019, 2, 14), date(2019, 2, 14), date(2019, 2, 14)),
    ],
)
def test_a_year_or_month_is_its_first_or_last_day(since: Any, until: Any, first: date, last: date) -> None:
    """As in the filters of a search."""
    selection = Selection(["8-K"], since=since, until=until)
    assert (selection.since, selection.until) == (first, last)


def test_everything_is_only_what_nothing_narrows() -> None:
    """All of EDGAR is never asked for by accident."""
    with pytest.raises(UsageError, match="nothing is selected"):
        Selection().require_narrow()
    for narrowed in (Selection(["8-K"]), Selection(limit=1), Selection(since="2004-01-01"), Selection(names=["a"])):
        narrowed.require_narrow()


def test_selections_that_mean_the_same_are_equal() -> None:
    """Spelling and kind of sequence do not matter."""
    assert Selection(["8-K"], ciks=["0000000001"], since="20040101") == Selection(
        ("8-K",), ciks=(1,), since=date(2004, 1, 1)
    )


@pytest.mark.parametrize(
    ("one", "same"),
    [
        (Selection("8-K"), Selection(forms=["8-K"])),
        (Selection(form=["8-K", "10-K"]), Selection(["8-K", "10-K"])),
        (Selection(cik=320193), Selection(ciks=["0000320193"])),
        (Selection(ticker="AAPL"), Selection(tickers=["AAPL"])),
        (Selection(name="internap network"), Selection(names=["internap network"])),
    ],
)
def test_filters_have_the_names_that_a_search_gives_them(one: Selection, same: Selection) -> None:
    """One value or several; the plural names of 0.1 mean the same."""
    assert one == same


@pytest.mark.parametrize("kind", ["form", "cik", "ticker", "name", "forms", "ciks", "tickers", "names"])
@pytest.mark.parametrize("empty", [[], (), iter(())])
def test_an_empty_list_is_never_everything(kind: str, empty: Any) -> None:
    """Whoever computes a list that comes out empty wants nothing, not all of EDGAR."""
    with pytest.raises(UsageError, match=f"{kind.removesuffix('s')} is an empty list"):
        Selection(since="2024-01-01", **{kind: empty})


def test_a_selection_can_be_copied_and_pickled() -> None:
    """What was not given stays so."""
    one = Selection(forms=["8-K"], since="2024-01-01")
    assert replace(one, since=date(2023, 1, 1)).ciks == ()
    again = pickle.loads(pickle.dumps(one))  # noqa: S301 — our own
    assert again == one
    assert replace(again, limit=3).names == ()
    assert one.with_ciks([Cik(1)]).tickers == ()
