"""When each quarter's indexes were last read, so that finished quarters are not requested every night.

EDGAR changes the indexes of a finished quarter only to withdraw a filing. Each such quarter has its own day every
`REREAD_DAYS` days, so that all are reread once a month and few in one night.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, timedelta

from archiver.edgar.endpoints import Quarter
from archiver.listings.cache import IndexCache
from archiver.listings.daily_index import SETTLED_DAYS
from archiver.startup.dataclass import dataclass

REREAD_DAYS = 30
MOST_REREAD = 5
"""Finished quarters reread in one run when their day has come; all of them if that was more than a month ago."""
_NOTE = "quarters_read"


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a quarter, and when: paths below ``Archives/edgar``, none if EDGAR has no index of it.

    `doubted`: a submission was missing, so the index is fetched again completely before that is believed.
    """

    read: date
    files: tuple[str, ...]
    doubted: bool = False


class Readings:
    """The readings of an archive, stored by `save`. An unreadable note is ignored."""

    def __init__(self, cache: IndexCache, *, today: date) -> None:
        self._cache = cache
        self._today = today
        self._readings = _parsed(cache.note(_NOTE))

    def is_settled(self, quarter: Quarter) -> bool:
        """Whether the quarter ended so long ago that its indexes no longer grow."""
        return quarter.last_day + timedelta(days=SETTLED_DAYS) < self._today

    def get(self, quarter: Quarter) -> Reading | None:
        """The last reading of a quarter.

        EDGAR has an index of each finished quarter. So where a run found none, a folder list was short, and the quarter
        counts as never read.
        """
        reading = self._readings.get(str(quarter))
        return reading if reading is not None and (reading.files or not self.is_settled(quarter)) else None

    def is_doubted(self, quarter: Quarter) -> bool:
        """Whether a submission was missing from the last reading."""
        reading = self.get(quarter)
        return reading is not None and reading.doubted

    def due(self, wanted: Iterable[Quarter]) -> set[Quarter]:
        """Those of `wanted` to request: not settled, never read, doubted, or due today."""
        due, turns = set(), {}
        for quarter in wanted:
            reading = self.get(quarter)
            if reading is None or reading.doubted or not self.is_settled(quarter):
                due.add(quarter)
            elif not timedelta(0) <= self._today - reading.read <= timedelta(days=REREAD_DAYS):
                due.add(quarter)  # no run for a month, or a wrong clock
            elif (turn := self._turn(quarter)) > reading.read:
                turns[quarter] = turn
        return due | set(sorted(turns, key=lambda quarter: (turns[quarter], quarter))[:MOST_REREAD])

    def _turn(self, quarter: Quarter) -> date:
        """The latest day, at most today, on which `quarter` was due."""
        number = 4 * quarter.year + quarter.number
        return self._today - timedelta(days=(self._today.toordinal() - number) % REREAD_DAYS)

    def set(self, quarter: Quarter, files: Iterable[str]) -> None:
        """Record that a quarter was read today."""
        self._readings[str(quarter)] = Reading(self._today, tuple(files))

    def doubt(self, quarter: Quarter) -> None:
        """Let the next run fetch a quarter's index completely, whatever its date at EDGAR."""
        reading = self.get(quarter)
        if reading is not None:
            self._readings[str(quarter)] = Reading(reading.read, reading.files, doubted=True)

    def save(self) -> None:
        """Store the readings."""
        values = {
            name: {"read": one.read.isoformat(), "files": one.files, "doubted": one.doubted}
            for name, one in sorted(self._readings.items())
        }
        self._cache.set_note(_NOTE, json.dumps(values))


def _parsed(note: str | None) -> dict[str, Reading]:
    try:
        return {
            str(name): Reading(
                date.fromisoformat(value["read"]), tuple(map(str, value["files"])), doubted=value["doubted"] is True
            )
            for name, value in json.loads(note or "{}").items()
        }
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}
