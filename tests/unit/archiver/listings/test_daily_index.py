from __future__ import annotations

from datetime import date, datetime

import pytest

from archiver.edgar.endpoints import Quarter
from archiver.listings.daily_index import daily_files, needed_days
from archiver.listings.folders import Listed

QUARTER = Quarter(2004, 4)
TODAY = date(2004, 12, 22)
LATER = date(2006, 1, 1)
FULL = Listed("master.gz", "12/18/2004 02:10:00 AM", "4500 KB")


def listed(day: date, *, changed: str = "12/01/2004 10:05:00 PM") -> Listed:
    """A daily index."""
    return Listed(f"master.{day:%Y%m%d}.idx", changed, "300 KB")


def december(*days: int, changed: str = "12/01/2004 10:05:00 PM") -> dict[date, Listed]:
    """The daily indexes of these days."""
    return {date(2004, 12, day): listed(date(2004, 12, day), changed=changed) for day in days}


@pytest.mark.parametrize(
    ("name", "quarter", "day"),
    [
        ("master.070194.idx", Quarter(1994, 3), date(1994, 7, 1)),
        ("master.941003.idx", Quarter(1994, 4), date(1994, 10, 3)),
        ("master.950102.idx", Quarter(1995, 1), date(1995, 1, 2)),
        ("master.980330.idx", Quarter(1998, 1), date(1998, 3, 30)),
        ("master.19980331.idx", Quarter(1998, 1), date(1998, 3, 31)),
        ("master.20041222.idx.gz", Quarter(2004, 4), date(2004, 12, 22)),
    ],
)
def test_the_day_is_read_in_all_three_spellings(name: str, quarter: Quarter, day: date) -> None:
    """The folder's quarter tells which spelling it is."""
    assert daily_files([Listed(name, "", "")], quarter) == {day: Listed(name, "", "")}


def test_other_files_are_no_daily_master_indexes() -> None:
    """Other kinds, other quarters, no day at all; of two packings of one, the plain one."""
    names = [
        "form.20041222.idx", "master.20041322.idx", "master.20040722.idx", "master.idx", "../master.20041222.idx",
        "master.20041222.idx.gz", "master.20041222.idx", "company.20041222.idx.gz",
    ]  # fmt: skip
    files = daily_files([Listed(name, "", "") for name in names], QUARTER)
    assert {day: file.name for day, file in files.items()} == {date(2004, 12, 22): "master.20041222.idx"}


def test_days_after_the_quarterly_index_are_needed() -> None:
    """It is rebuilt once a week, and daily indexes come every evening."""
    days = needed_days(december(16, 17, 20, 21), quarter=QUARTER, full=FULL, covered=date(2004, 12, 17), today=LATER)
    assert days == [date(2004, 12, 20), date(2004, 12, 21)]


def test_a_daily_index_rewritten_since_is_needed_however_old() -> None:
    """A late row would else be missed until the quarterly index has it."""
    daily = december(1, 2) | december(3, changed="12/18/2004 02:10:01 AM")
    assert needed_days(daily, quarter=QUARTER, full=FULL, covered=date(2004, 12, 31), today=LATER) == [
        date(2004, 12, 3)
    ]


def test_until_a_quarter_has_settled_a_window_is_read_again() -> None:
    """Two weeks before the newest day of the quarterly index."""
    daily = december(1, 2, 3, 4, 17)
    days = needed_days(daily, quarter=QUARTER, full=FULL, covered=date(2004, 12, 17), today=TODAY)
    assert days == [date(2004, 12, 4), date(2004, 12, 17)]


def test_without_a_quarterly_index_every_day_is_needed() -> None:
    """In the first days of a quarter there is none."""
    daily = december(20, 21)
    assert needed_days(daily, quarter=QUARTER, full=None, covered=None, today=LATER) == sorted(daily)


def test_the_lists_clock_is_read_in_both_spellings() -> None:
    """And what cannot be read is no moment, rather than an error."""
    expected = datetime(2004, 12, 18, 14, 10, 0)  # noqa: DTZ001 — EDGAR's own clock
    for changed in ("12/18/2004 02:10:00 PM", "2004-12-18 14:10:00"):
        assert Listed("x", changed, "").changed_at == expected
    assert Listed("x", "yesterday", "").changed_at is None
