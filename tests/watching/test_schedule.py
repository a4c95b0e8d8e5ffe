"""When the feed is polled: by EDGAR's hours, whatever the clock does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgarchive.watching.schedule import EASTERN, is_open, next_poll


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        ("2026-01-12T10:00", 60),  # a Monday
        ("2026-01-12T05:55", 300),  # EDGAR opens at six
        ("2026-01-12T22:29", 60),
        ("2026-01-12T22:30", 600),
        ("2026-01-10T12:00", 600),  # a Saturday
        ("2026-01-11T23:00", 600),
        ("2026-03-08T01:59", 600),  # daylight saving begins
        ("2026-11-01T01:30", 600),  # and ends
    ],
)
def test_polls_follow_edgars_hours(moment: str, seconds: float) -> None:
    """Every minute while filings are accepted, else every ten minutes, and at once when EDGAR opens."""
    now = datetime.fromisoformat(moment).replace(tzinfo=EASTERN).astimezone(UTC)
    assert next_poll(now, every_s=60) - now == timedelta(seconds=seconds)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.floats(1, 600))  # noqa: DTZ001
def test_the_next_poll_is_never_far(moment: datetime, every_s: float) -> None:
    """Later than now, at most ten minutes on, and never past the opening."""
    now = moment.replace(tzinfo=UTC)
    following = next_poll(now, every_s=every_s)
    assert timedelta() < following - now <= timedelta(seconds=600)
    if not is_open(now) and is_open(following):
        assert following.astimezone(EASTERN).strftime("%H:%M:%S.%f") == "06:00:00.000000"
