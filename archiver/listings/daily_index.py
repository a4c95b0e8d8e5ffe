"""The files of EDGAR's daily index: which exist, and which a run must read in addition to the quarterly index.

A daily file is named after its day in one of three spellings: MMDDYY in 1994, YYMMDD to 1998-03-30, then YYYYMMDD. Some
quarters have it as ``.idx.gz`` only, and some days have none (measured), so names are taken from the folder list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from archiver.edgar.endpoints import Quarter
from archiver.listings.folders import Listed
from archiver.model import MasterIndexEntry
from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern

SETTLED_DAYS = 100
"""For this many days after a quarter's end, late changes are found by rereading recent daily files."""
WINDOW_DAYS = 14
"""How many days are reread: 587 of 5,516 daily files were rewritten more than a week after their day (measured)."""

_NAME = lazy_pattern(r"master\.(\d{8}|\d{6})\.idx(\.gz)?")


@dataclass(frozen=True, slots=True)
class DailyIndex:
    """The rows of a day's index. `is_complete`: EDGAR serves it, and it is as long as its folder's list says.

    `stamp` is what the list says of the file, which differs when the file changes.
    """

    day: date
    entries: Sequence[MasterIndexEntry]
    is_complete: bool
    stamp: str = ""


def daily_files(listed: Iterable[Listed], quarter: Quarter) -> dict[date, Listed]:
    """The daily master indexes among the files of a quarter's folder, by day; plain files before gzip."""
    files: dict[date, Listed] = {}
    for file in sorted(listed, key=lambda file: file.name, reverse=True):  # ``….idx`` replaces ``….idx.gz``
        match = _NAME.fullmatch(file.name)
        day = _day(match[1], quarter) if match else None
        if day is not None:
            files[day] = file
    return files


def _day(digits: str, quarter: Quarter) -> date | None:
    """The day in a file name: of the possible spellings, the one that falls into the folder's quarter."""
    for spelling in ("%Y%m%d",) if len(digits) == len("YYYYMMDD") else ("%y%m%d", "%m%d%y"):
        try:
            day = datetime.strptime(digits, spelling).date()  # noqa: DTZ007 — a day, not a time
        except ValueError:
            continue
        if Quarter.of(day) == quarter:
            return day
    return None


def needed_days(
    daily: Mapping[date, Listed], *, quarter: Quarter, full: Listed | None, covered: date | None, today: date
) -> list[date]:
    """The days whose daily index may list filings that the quarterly index lacks.

    `full` is the quarterly file in its folder's list and `covered` the latest filing date in it; if EDGAR has none,
    both are None and every day is needed. Otherwise these are the days after `covered`, days whose file changed later
    than the quarterly one, and, until the quarter is settled, the last `WINDOW_DAYS` before `covered`.
    """
    if covered is None:
        return sorted(daily)
    settled = quarter.last_day + timedelta(days=SETTLED_DAYS) < today
    since = covered if settled else covered - timedelta(days=WINDOW_DAYS)
    rebuilt = full.changed_at if full else None

    def is_needed(day: date, file: Listed) -> bool:
        changed = file.changed_at
        return day > since or (rebuilt is not None and changed is not None and changed > rebuilt)

    return sorted(day for day, file in daily.items() if is_needed(day, file))
