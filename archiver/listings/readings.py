"""When each quarter's indexes were read last, so that a finished quarter is not asked for again each night.

EDGAR changes the indexes of a finished quarter only where it withdraws a filing. Each such quarter has a day of its own
every `REREAD_DAYS` days, so that all of them are read again once a month and few of them in one night.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from archiver.edgar.endpoints import Quarter
from archiver.listings.cache import IndexCache
from archiver.listings.daily_index import SETTLED_DAYS

REREAD_DAYS = 30
MOST_REREAD = 5
"""So many finished quarters whose turn has come are read again in one run; all, where it came more than a month ago."""
_NOTE = "quarters_read"


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a quarter and when: paths below ``Archives/edgar``, none where EDGAR has no index of it.

    `doubted`: a submission was missing from it, so it is read once more from its first byte before that is believed.
    """

    read: date
    files: tuple[str, ...]
    doubted: bool = False


class Readings:
    """The readings of one archive, written by `save`. A note that cannot be read is as if there were none."""

    def __init__(self, cache: IndexCache, *, today: date) -> None:
        self._cache = cache
        self._today = today
        self._readings = _parsed(cache.note(_NOTE))

    def is_settled(self, quarter: Quarter) -> bool:
        """Whether the quarter ended so long ago that nothing is added to its indexes any more."""
        return quarter.last_day + timedelta(days=SETTLED_DAYS) < self._today

    def get(self, quarter: Quarter) -> Reading | None:
        """What was read of a quarter last."""
        return self._readings.get(str(quarter))

    def is_doubted(self, quarter: Quarter) -> bool:
        """Whether a submission was missing from the last reading."""
        reading = self.get(quarter)
        return reading is not None and reading.doubted

    def due(self, wanted: Iterable[Quarter]) -> set[Quarter]:
        """Those of `wanted` that have to be asked for: not settled, never read, doubted, or with their turn come."""
        due, turns = set(), {}
        for quarter in wanted:
            reading = self.get(quarter)
            if reading is None or reading.doubted or not self.is_settled(quarter):
                due.add(quarter)
            elif not timedelta(0) <= self._today - reading.read <= timedelta(days=REREAD_DAYS):
                due.add(quarter)  # nobody has run for a month, or by a clock that was wrong
            elif (turn := self._turn(quarter)) > reading.read:
                turns[quarter] = turn
        return due | set(sorted(turns, key=lambda quarter: (turns[quarter], quarter))[:MOST_REREAD])

    def _turn(self, quarter: Quarter) -> date:
        """The last day, today at the latest, on which it was the turn of `quarter`."""
        number = 4 * quarter.year + quarter.number
        return self._today - timedelta(days=(self._today.toordinal() - number) % REREAD_DAYS)

    def set(self, quarter: Quarter, files: Iterable[str]) -> None:
        """Note that a quarter was read today."""
        self._readings[str(quarter)] = Reading(self._today, tuple(files))

    def doubt(self, quarter: Quarter) -> None:
        """Let the next run read a quarter from its first byte, whatever EDGAR says of its date."""
        reading = self.get(quarter)
        if reading is not None:
            self._readings[str(quarter)] = Reading(reading.read, reading.files, doubted=True)

    def save(self) -> None:
        """Write what was set."""
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
