"""The schedule of polls, by EDGAR's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EASTERN = ZoneInfo("America/New_York")
"""EDGAR's time zone."""

OPENS, CLOSES = time(6, 0), time(22, 30)
"""Filings are accepted on weekdays from 06:00 to 22:00 Eastern; the feed follows within minutes (docs/edgar.md)."""

PUBLISHED = time(22, 45)
"""When EDGAR has published a weekday's daily index, Eastern (docs/edgar.md)."""

QUIET_S = 600.0
"""Seconds between polls while EDGAR accepts nothing."""


def is_open(moment: datetime) -> bool:
    """Whether EDGAR accepts filings at `moment`, or did until just now."""
    local = moment.astimezone(EASTERN)
    return _is_weekday(local.date()) and OPENS <= local.time() < CLOSES


def last_published(moment: datetime) -> date:
    """The last day whose daily index should be there at `moment`, ignoring holidays."""
    local = moment.astimezone(EASTERN)
    day = local.date() if local.time() >= PUBLISHED else local.date() - timedelta(days=1)
    while not _is_weekday(day):
        day -= timedelta(days=1)
    return day


def _is_weekday(day: date) -> bool:
    return day.weekday() < 5  # noqa: PLR2004 — Saturday


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
        if opening > moment and _is_weekday(day):
            return opening
        day += timedelta(days=1)
