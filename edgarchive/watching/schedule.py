"""The schedule of polls, by EDGAR's clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

EASTERN = ZoneInfo("America/New_York")
"""EDGAR's time zone."""

OPENS, CLOSES = time(6, 0), time(22, 30)
"""Filings are accepted on weekdays from 06:00 to 22:00 Eastern; the feed follows within minutes (docs/edgar.md)."""

QUIET_S = 600.0
"""Seconds between polls while EDGAR accepts nothing."""


def is_open(moment: datetime) -> bool:
    """Whether EDGAR accepts filings at `moment`, or did until just now."""
    local = moment.astimezone(EASTERN)
    return local.weekday() < 5 and OPENS <= local.time() < CLOSES  # noqa: PLR2004 — Saturday


def next_poll(moment: datetime, *, every_s: float) -> datetime:
    """When to poll after a poll at `moment`: `every_s` later while EDGAR is open, else in ten minutes or at opening.

    Computed in UTC, so that changes of daylight saving time have no effect.
    """
    moment = moment.astimezone(UTC)
    if is_open(moment):
        return moment + timedelta(seconds=every_s)
    later = moment + timedelta(seconds=max(every_s, QUIET_S))
    opening = _opening_after(moment)
    return min(later, opening) if opening > moment else later


def _opening_after(moment: datetime) -> datetime:
    """The next time that EDGAR opens, ignoring holidays."""
    day = moment.astimezone(EASTERN).date()
    while True:
        opening = datetime.combine(day, OPENS, tzinfo=EASTERN).astimezone(UTC)
        if opening > moment and day.weekday() < 5:  # noqa: PLR2004 — Saturday
            return opening
        day += timedelta(days=1)
