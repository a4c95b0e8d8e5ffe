from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from archiver.edgar.endpoints import Quarter, quarters
from archiver.listings.cache import IndexCache
from archiver.listings.readings import MOST_REREAD, REREAD_DAYS, Readings
from archiver.store.archive import Archive

TODAY = date(2026, 11, 26)
ALL = list(quarters(None, TODAY))
SETTLED = [quarter for quarter in ALL if quarter.last_day + timedelta(100) < TODAY]


def test_each_finished_quarter_is_read_once_a_month_and_few_in_a_night(tmp_path: Path) -> None:
    """Night after night for a quarter of a year."""
    with Archive.open(tmp_path / "archive", writable=True, create=True) as archive:
        cache = IndexCache(archive)
        readings = Readings(cache, today=TODAY)
        assert readings.due(ALL) == set(ALL)
        for quarter in ALL:
            readings.set(quarter, ["master.gz"])
        readings.save()
        times: Counter[Quarter] = Counter()
        for night in range(3 * REREAD_DAYS):
            readings = Readings(cache, today=TODAY + timedelta(days=night))
            due = readings.due(SETTLED)
            assert len(due) <= MOST_REREAD
            times.update(due)
            for quarter in due:
                readings.set(quarter, ["master.gz"])
            readings.save()
        assert set(times) == set(SETTLED)
        assert set(times.values()) <= {2, 3}


@pytest.mark.parametrize("days", [REREAD_DAYS + 1, 400, -1])
def test_after_a_month_without_a_run_all_are_read(tmp_path: Path, days: int) -> None:
    """So too after a run by a clock that was ahead."""
    with Archive.open(tmp_path / "archive", writable=True, create=True) as archive:
        readings = Readings(IndexCache(archive), today=TODAY)
        for quarter in SETTLED:
            readings.set(quarter, ["master.gz"])
        readings.save()
        later = Readings(IndexCache(archive), today=TODAY + timedelta(days=days))
        assert later.due(SETTLED) == set(SETTLED)


def test_a_doubted_quarter_is_due_until_it_is_read_again(tmp_path: Path) -> None:
    """The doubt is kept for the next run."""
    with Archive.open(tmp_path / "archive", writable=True, create=True) as archive:
        readings = Readings(IndexCache(archive), today=TODAY)
        for quarter in SETTLED:
            readings.set(quarter, ["master.gz"])
        readings.doubt(SETTLED[3])
        readings.save()
        again = Readings(IndexCache(archive), today=TODAY)
        assert again.due(SETTLED) == {SETTLED[3]}
        again.set(SETTLED[3], ["master.gz"])
        assert again.due(SETTLED) == set()


@pytest.mark.parametrize("note", ["", "[]", "nonsense", '{"2004 Q4": 1}', '{"2004 Q4": {"read": "x"}}'])
def test_a_note_that_cannot_be_read_says_nothing(tmp_path: Path, note: str) -> None:
    """Everything is read again."""
    with Archive.open(tmp_path / "archive", writable=True, create=True) as archive:
        archive.catalogue.set_note("quarters_read", note)
        assert Readings(IndexCache(archive), today=TODAY).get(Quarter(2004, 4)) is None
