"""Shares of an archive: the submissions that one of several machines indexes."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Self

from archiver.catalogue.records import CatalogueRecord
from archiver.errors import UsageError
from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern

PLACES = 1 << 16
"""Slots in each filing year. The accession number determines a submission's slot; a shard is a range of them."""

FIRST_YEAR, LAST_YEAR = 1900, 2155
_YEARS = lazy_pattern(r"(\d{4})(?:-(\d{4}))?", re.ASCII)
_SHARD = lazy_pattern(r"(\d{1,4})/(\d{1,4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Share:
    """The submissions of some filing years, inclusive, and of one of `shards` equal parts of each year.

    Raises `UsageError` if that is empty.
    """

    first_year: int = FIRST_YEAR
    last_year: int = LAST_YEAR
    shard: int = 1
    shards: int = 1

    def __post_init__(self) -> None:
        if not FIRST_YEAR <= self.first_year <= self.last_year <= LAST_YEAR:
            raise UsageError(
                f"{self.first_year}-{self.last_year} are not filing years", "give them as 2015 or 2015-2020"
            )
        if not 1 <= self.shard <= self.shards:
            raise UsageError(
                f"there is no shard {self.shard} of {self.shards}", "give 1/4, 2/4, 3/4 or 4/4, for example"
            )

    @classmethod
    def parse(cls, *, years: str | None, shard: str | None) -> Self | None:
        """The share of `years` (``2015`` or ``2015-2020``) and `shard` (``2/4``); None without either.

        Raises `UsageError`.
        """
        if years is None and shard is None:
            return None
        first, last = (FIRST_YEAR, LAST_YEAR) if years is None else _numbers(_YEARS, years, "2015 or 2015-2020")
        number, of = (1, 1) if shard is None else _numbers(_SHARD, shard, "1/4, 2/4, 3/4 or 4/4, say")
        return cls(first, last, number, of)

    @property
    def name(self) -> str:
        """A name for files, such as ``2015-2020-2of4``."""
        return f"{self.first_year}-{self.last_year}-{self.shard}of{self.shards}"

    def __contains__(self, record: object) -> bool:
        if not isinstance(record, CatalogueRecord):
            return False
        start, end = self._places()
        return (
            self.first_year <= record.filing_date.year <= self.last_year
            and start <= zlib.crc32(record.accession.encode()) % PLACES < end
        )

    def ranges(self) -> Iterator[tuple[int, int]]:
        """The byte ranges that a writer of this share locks: first byte and length.

        Two shares have bytes in common exactly if they could have a submission in common.
        """
        start, end = self._places()
        if self.shards == 1:
            yield self.first_year * PLACES, (self.last_year - self.first_year + 1) * PLACES
            return
        for year in range(self.first_year, self.last_year + 1):
            yield year * PLACES + start, end - start

    def _places(self) -> tuple[int, int]:
        return (self.shard - 1) * PLACES // self.shards, self.shard * PLACES // self.shards


def _numbers(pattern: re.Pattern[str], text: str, example: str) -> tuple[int, int]:
    match = pattern.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"cannot read {text!r}", f"give {example}")
    return int(match[1]), int(match[2] or match[1])
