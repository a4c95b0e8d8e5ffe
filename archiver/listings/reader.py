"""EDGAR's indexes of filings, read over the network: the quarterly full index, and what only the daily one has yet."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from archiver.catalogue.listings import IndexFile
from archiver.edgar.endpoints import Quarter
from archiver.edgar.session import Edgar, Read
from archiver.errors import AbsentError, DamagedBodyError, FetchError, UnreachableError
from archiver.events import event
from archiver.identifiers import Cik
from archiver.listings.cache import IndexCache
from archiver.listings.daily_index import SETTLED_DAYS, Listed, daily_files, needed_days
from archiver.listings.master_index import MAX_TEXT_BYTES, last_day, parse_master_index, unpack_master_index
from archiver.listings.tickers import parse_tickers
from archiver.model import MasterIndexEntry

Result = TypeVar("Result")

_log = logging.getLogger(__name__)

_NAMES = ("master.gz", "master.idx")
"""The smallest first; its gzip also carries a checksum."""
_FEW_QUARTERS = 8
"""Up to so many quarters are asked for one by one; for more, the listings of years and quarters cost less."""


@dataclass(frozen=True, slots=True)
class QuarterIndex:
    """The indexes of one quarter as they were read: the quarterly one (None: EDGAR has none yet) and daily ones."""

    quarter: Quarter
    full: tuple[IndexFile, bytes] | None
    daily: tuple[tuple[IndexFile, bytes], ...]

    @property
    def version(self) -> str:
        """A text that changes with any of the files."""
        files = [self.full, *self.daily] if self.full else [*self.daily]
        known = "\n".join(f"{file.path} {file.sha256}" for file, _ in files)
        return hashlib.sha256(known.encode()).hexdigest()

    def full_entries(self) -> Iterator[MasterIndexEntry]:
        """The rows of the quarterly index."""
        if self.full is not None:
            yield from parse_master_index(unpack_master_index(self.full[1]))

    def daily_entries(self) -> Iterator[MasterIndexEntry]:
        """The rows of the daily ones."""
        for _, body in self.daily:
            yield from parse_master_index(unpack_master_index(body))


class FullIndex:
    """EDGAR's indexes, each file read anew only where it has changed since `cache` kept it.

    Its methods raise `BlockedError`, and `UnreachableError` for an index that exists and cannot be had: a plan without
    it would be wrong.
    """

    def __init__(self, edgar: Edgar, cache: IndexCache, *, today: date) -> None:
        self._edgar = edgar
        self._cache = cache
        self._today = today
        self._known_folders: dict[str, Collection[str] | None] = {}

    async def published(
        self, wanted: Sequence[Quarter], *, trees: Sequence[str] = ("full-index", "daily-index")
    ) -> AsyncIterator[Quarter]:
        """Those of `wanted` that EDGAR may have something of in any of its `trees`, in their order.

        The listings of years and quarters are read as they are needed, and only for a span in which they save requests.
        A quarter that has not settled is never left out: its daily index comes before the quarterly one.
        """
        few = len(wanted) <= _FEW_QUARTERS
        for quarter in wanted:
            settled = quarter.last_day + timedelta(days=SETTLED_DAYS) < self._today
            if few or not settled or await self._in_any(trees, quarter):
                yield quarter

    async def _in_any(self, trees: Sequence[str], quarter: Quarter) -> bool:
        for tree in trees:
            if await self._has(tree, quarter):
                return True
        return False

    async def _has(self, tree: str, quarter: Quarter) -> bool:
        """Whether a tree of indexes lists a folder of `quarter`, or has no list to say so."""
        years = await self._folders(tree)
        if years is None:
            return True
        if str(quarter.year) not in years:
            return False
        listed = await self._folders(f"{tree}/{quarter.year}")
        return listed is None or f"QTR{quarter.number}" in listed

    async def _folders(self, folder: str) -> Collection[str] | None:
        if folder not in self._known_folders:
            self._known_folders[folder] = await self.listed(folder)
        return self._known_folders[folder]

    async def quarter(self, quarter: Quarter, *, since: date | None = None, until: date | None = None) -> QuarterIndex:
        """The indexes of `quarter`; of the daily ones those that are needed from `since` to `until`, inclusive.

        The folders' ``index.json`` say which files there are; where EDGAR serves none, the names of the quarterly index
        are tried in turn, and no daily one is guessed.
        """
        folder = f"full-index/{quarter.folder}"
        listed = await self.listed(folder)
        full = None
        for name in _NAMES:
            if full is None and (listed is None or name in listed):
                full = await self._index(f"{folder}/{name}", listed.get(name) if listed else None)
        rebuilt = (listed or {}).get(full[0].path.rpartition("/")[2]) if full else None
        folder = f"daily-index/{quarter.folder}"
        daily = daily_files((await self.listed(folder) or {}).values(), quarter)
        days = needed_days(
            daily, quarter=quarter, full=rebuilt, covered=full[0].last_day if full else None, today=self._today
        )
        read = [
            await self._index(f"{folder}/{daily[day].name}", daily[day], trust_list=True)
            for day in days
            if (since is None or day >= since) and (until is None or day <= until)
        ]
        if full is None and not read:
            _log.info("EDGAR has no index of %s", quarter, extra=event("index-absent", quarter=str(quarter)))
        return QuarterIndex(quarter, full, tuple(file for file in read if file is not None))

    async def tickers(self) -> dict[str, Cik]:
        """EDGAR's list of tickers."""
        found = await self._file("company_tickers.json", self._edgar.endpoints.company_tickers(), _check_tickers)
        if found is None:
            raise UnreachableError("EDGAR does not serve its list of tickers", "use --cik, or try again later")
        return parse_tickers(found[1])

    async def _index(
        self, path: str, listed: Listed | None, *, trust_list: bool = False
    ) -> tuple[IndexFile, bytes] | None:
        url = self._edgar.endpoints.below_edgar(path)
        return await self._file(path, url, _newest_day, listed, trust_list=trust_list)

    async def _file(
        self,
        path: str,
        url: str,
        understand: Callable[[bytes], date | None],
        listed: Listed | None = None,
        *,
        trust_list: bool = False,
    ) -> tuple[IndexFile, bytes] | None:
        """A file, from the cache where it has not changed; None where EDGAR does not have it.

        `understand` refuses what is not such a file, and says its newest filing date. With `trust_list`, one that its
        folder's list describes as it did when it was kept is not asked for at all.
        """
        kept = self._cache.get(path)
        stamp = listed.stamp if listed else None
        if kept and trust_list and stamp and kept[0].listed == stamp:
            return kept
        try:
            read = await self._read(
                url, lambda body: (body, understand(body)), modified_since=kept[0].last_modified if kept else None
            )
        except AbsentError:
            return None
        if read is None:
            return kept
        body, day = read.result
        _log.info("%s was read, %d bytes", path, len(body), extra=event("index-read", url=url, bytes=len(body)))
        file = IndexFile(path, hashlib.sha256(body).hexdigest(), read.last_modified, stamp, day)
        await asyncio.to_thread(self._cache.keep, file, body)
        return file, body

    async def listed(self, folder: str) -> dict[str, Listed] | None:
        """The files and folders that EDGAR's folder list names, or None where EDGAR serves no list."""
        try:
            read = await self._read(self._edgar.endpoints.below_edgar(f"{folder}/index.json"), _parse_list)
        except AbsentError:
            return None
        return read.result if read else None

    async def _read(
        self, url: str, understand: Callable[[bytes], Result], *, modified_since: str | None = None
    ) -> Read[Result] | None:
        try:
            return await self._edgar.read(url, understand, max_bytes=MAX_TEXT_BYTES, modified_since=modified_since)
        except AbsentError:
            raise
        except FetchError as error:
            raise UnreachableError(
                f"{url} cannot be read: {error.message}", "run the same command again later"
            ) from error


def _newest_day(body: bytes) -> date | None:
    return last_day(unpack_master_index(body))


def _check_tickers(body: bytes) -> None:
    parse_tickers(body)


def _parse_list(body: bytes) -> dict[str, Listed]:
    try:
        return {
            (name := str(item["name"]).strip("/")): Listed(
                name, str(item.get("last-modified") or ""), str(item.get("size") or "")
            )
            for item in json.loads(body)["directory"]["item"]
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedBodyError("the body is not a folder list") from error
