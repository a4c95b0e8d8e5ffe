"""Matching pairs of a company and a date to filings near that date, for event studies."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from archiver.errors import IdentifierError, UsageError
from archiver.identifiers import AccessionNumber, Cik, parse_date
from archiver.startup.dataclass import dataclass
from indexer.search.hits import ROW_COLUMNS, Hit
from indexer.search.library import Library
from indexer.search.options import SearchOptions

PAIR_COLUMNS = ("pair_cik", "pair_date", "days")
MATCH_COLUMNS = (*PAIR_COLUMNS, *ROW_COLUMNS)
"""The columns of `Match.to_row`."""

_NO_HINT = "give a CSV file with the columns cik and date"


@dataclass(frozen=True, slots=True)
class Pair:
    """A company and a date."""

    cik: Cik
    day: date


@dataclass(frozen=True, slots=True)
class Match:
    """A filing near the date of a pair; `days` is the filing date minus that date, in days."""

    pair: Pair
    hit: Hit
    days: int

    @property
    def accession(self) -> AccessionNumber:
        """The filing's accession number."""
        return self.hit.accession

    @property
    def snippet(self) -> str | None:
        """The hit's snippet."""
        return self.hit.snippet

    def to_row(self) -> dict[str, Any]:
        """The pair and the hit as one flat row."""
        return {
            "pair_cik": int(self.pair.cik),
            "pair_date": self.pair.day,
            "days": self.days,
            **self.hit.to_row(),
        }

    def to_dict(self) -> dict[str, Any]:
        """The pair and the hit as a JSON object."""
        return {
            "pair": {"cik": int(self.pair.cik), "date": self.pair.day.isoformat()},
            "days": self.days,
            "hit": self.hit.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class PairMatches:
    """A pair and its matches, nearest first; empty if no filing is near."""

    pair: Pair
    matches: tuple[Match, ...]


def read_pairs(path: str | Path) -> tuple[Pair, ...]:
    """The pairs in a CSV file: its columns ``cik`` and ``date``, or the first two without a header.

    Dates are 2015-06-30 or 20150630. Raises `UsageError`, with the line, for what cannot be read.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"cannot read the pairs of {path}: {reason}", _NO_HINT) from error
    try:
        pairs = dict.fromkeys(_pairs(path, text))
    except csv.Error as error:
        raise UsageError(f"{path} is not CSV: {error}", _NO_HINT) from error
    if not pairs:
        raise UsageError(f"{path} has no pairs", _NO_HINT)
    return tuple(pairs)


def match_pairs(
    library: Library, pairs: Iterable[Pair], options: SearchOptions | None = None, *, within_days: int = 30
) -> Iterator[PairMatches]:
    """For each pair, the hits of a search that its company filed within `within_days` days of its date.

    `options` restrict the search (form, item, words); their limit and CIKs are ignored. Raises as `Library.run`, and
    `UsageError` for a negative `within_days`.
    """
    if within_days < 0:
        raise UsageError("the number of days cannot be negative", "give 0 or more")
    wanted = (options or SearchOptions()).replace(limit=None, offset=0, cik=None, ticker=None)
    for pair in pairs:
        first, last = _near(pair.day, -within_days), _near(pair.day, within_days)
        since, until = wanted.first_day, wanted.last_day
        near = wanted.replace(
            cik=pair.cik,
            since=first if since is None else max(first, since),
            until=last if until is None else min(last, until),
        )
        hits = () if near.is_empty_span else library.run(near).hits
        found = (Match(pair, hit, (hit.filing_date - pair.day).days) for hit in hits)
        yield PairMatches(pair, tuple(sorted(found, key=lambda one: (abs(one.days), one.days, one.accession))))


def _near(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.min if days < 0 else date.max


def _pairs(path: str | Path, text: str) -> Iterator[Pair]:
    rows = csv.reader(text.splitlines())
    cik_at, date_at = 0, 1
    for number, row in enumerate(rows, start=1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or cells[0].startswith("#"):
            continue
        names = [cell.lower() for cell in cells]
        if number == 1 and "cik" in names and "date" in names:
            cik_at, date_at = names.index("cik"), names.index("date")
            continue
        try:
            yield Pair(Cik(cells[cik_at]), parse_date(cells[date_at]))
        except IndexError:
            raise UsageError(f"{path}, line {number}: a CIK and a date are needed", _NO_HINT) from None
        except IdentifierError as error:
            raise UsageError(f"{path}, line {number}: {error.message}", error.hint) from None
