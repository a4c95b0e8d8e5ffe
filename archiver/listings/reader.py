"""Reading EDGAR's indexes: the quarterly full index, and the daily indexes for what it lacks."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TypeVar

from archiver.catalogue.listings import IndexFile
from archiver.edgar.endpoints import Quarter
from archiver.edgar.session import Edgar, Read
from archiver.errors import AbsentError, FetchError, UnreachableError
from archiver.events import event
from archiver.identifiers import Cik
from archiver.listings.cache import IndexCache
from archiver.listings.daily_index import DailyIndex, daily_files, needed_days
from archiver.listings.folders import MAX_LIST_BYTES, Listed, parse_list
from archiver.listings.master_index import (
    GZIP_MAGIC,
    MAX_BODY_BYTES,
    has_rows,
    is_of,
    last_day,
    parse_master_index,
    unpack_master_index,
)
from archiver.listings.readings import Readings
from archiver.listings.tickers import parse_tickers
from archiver.model import MasterIndexEntry
from archiver.startup.dataclass import dataclass

Result = TypeVar("Result")

_log = logging.getLogger(__name__)

_NAMES = ("master.gz", "master.idx")
"""The smaller one first; its gzip also has a checksum."""
_FEW_QUARTERS = 8
"""Up to this many quarters are requested one by one; for more, listing years and quarters takes fewer requests."""
_NEW_DAYS = 7
"""Days after its start during which a quarter may have no index yet."""
_TREES = ("full-index", "daily-index")


@dataclass(frozen=True, slots=True)
class QuarterIndex:
    """The indexes of a quarter: the quarterly one (None: EDGAR has none yet) and daily ones.

    `fresh`: the quarterly index was fetched completely in this run and matches its folder's list. `asked`: EDGAR was
    asked for it at all.
    """

    quarter: Quarter
    full: tuple[IndexFile, bytes] | None
    daily: tuple[tuple[IndexFile, bytes], ...]
    fresh: bool = False
    asked: bool = True

    @property
    def files(self) -> tuple[IndexFile, ...]:
        """The rows of its files, the quarterly one first."""
        return tuple(file for file, _ in ([self.full, *self.daily] if self.full else self.daily))

    @property
    def version(self) -> str:
        """A text that changes when any of the files changes."""
        return version_of(self.files)

    def full_entries(self) -> Iterator[MasterIndexEntry]:
        """The rows of the quarterly index."""
        if self.full is not None:
            yield from parse_master_index(unpack_master_index(self.full[1]))

    def daily_entries(self) -> Iterator[MasterIndexEntry]:
        """The rows of the daily ones."""
        for _, body in self.daily:
            yield from parse_master_index(unpack_master_index(body))


def version_of(files: Iterable[IndexFile]) -> str:
    """A text that changes when any of the files changes."""
    known = "\n".join(f"{file.path} {file.sha256}" for file in files)
    return hashlib.sha256(known.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Fetched:
    """An index file: its row, its bytes, and whether this run fetched it completely and as listed."""

    file: IndexFile
    body: bytes
    fresh: bool = False


class FullIndex:
    """EDGAR's indexes; each file is fetched again only if it changed since `cache` stored it.

    Its methods raise `BlockedError`, and `UnreachableError` for an existing index that cannot be fetched, since a plan
    without it would be wrong.
    """

    def __init__(self, edgar: Edgar, cache: IndexCache, *, today: date) -> None:
        self._edgar = edgar
        self._cache = cache
        self._today = today
        self._known_folders: dict[str, Collection[str] | None] = {}
        self.readings = Readings(cache, today=today)

    async def is_published(self, quarter: Quarter, *, wanted: int, trees: Sequence[str] = _TREES) -> bool:
        """Whether EDGAR may have anything of `quarter`, one of `wanted` quarters, in any of its `trees`.

        Lists of years and quarters are read as needed, and only where they save requests. For a quarter that is not
        settled this is always True: its daily index appears before the quarterly one.
        """
        if wanted <= _FEW_QUARTERS or not self.readings.is_settled(quarter):
            return True
        for tree in trees:
            if await self._has(tree, quarter):
                return True
        return False

    async def _has(self, tree: str, quarter: Quarter) -> bool:
        """Whether a tree of indexes lists a folder of `quarter`, or has no list."""
        years = await self._folders(tree)
        if years is None:
            return True
        if str(quarter.year) not in years:
            return False
        listed = await self._folders(f"{tree}/{quarter.year}")
        return listed is None or f"QTR{quarter.number}" in listed

    async def _folders(self, folder: str) -> Collection[str] | None:
        if folder not in self._known_folders:
            self._known_folders[folder] = await self.listed(folder, why="which quarters EDGAR has")
        return self._known_folders[folder]

    def kept_version(self, quarter: Quarter) -> str | None:
        """The version of the indexes of `quarter` stored by the last reading; None if not stored."""
        files = self._kept_files(quarter)
        return None if files is None else version_of(files)

    def kept(self, quarter: Quarter) -> QuarterIndex | None:
        """The indexes of `quarter` stored by the last reading; None if any is missing or damaged."""
        files = self._kept_files(quarter)
        if files is None:
            return None
        copies = [copy for file in files if (copy := self._cache.get(file.path)) is not None]
        if len(copies) < len(files):
            return None
        full = copies[0] if copies and copies[0][0].path.startswith("full-index") else None
        return QuarterIndex(quarter, full, tuple(copies[1:] if full else copies), asked=False)

    def _kept_files(self, quarter: Quarter) -> list[IndexFile] | None:
        reading = self.readings.get(quarter)
        if reading is None:
            return None
        files = [file for path in reading.files if (file := self._cache.known(path)) is not None]
        return files if len(files) == len(reading.files) else None

    async def quarter(self, quarter: Quarter, *, since: date | None = None, until: date | None = None) -> QuarterIndex:
        """The indexes of `quarter`, with the daily ones needed from `since` to `until`, inclusive.

        The folders' ``index.json`` say which files exist and which changed. If EDGAR serves none, the names of the
        quarterly index are tried in turn, and no daily index is guessed. A file that EDGAR no longer has is taken from
        the cache, with a warning.
        """
        earlier, doubted = self.readings.get(quarter), self.readings.is_doubted(quarter)
        full: _Fetched | None = None
        listed: Listed | None = None
        if earlier is not None and not doubted and self.readings.is_settled(quarter):
            again = await self._again(quarter)
            if isinstance(again, QuarterIndex):
                self.readings.set(quarter, earlier.files)
                return again
            full = again
        if full is None:
            full, listed = await self._full(quarter, earlier.files if earlier else None, doubted=doubted)
        folder = f"daily-index/{quarter.folder}"
        daily = daily_files((await self.listed(folder, why="which daily indexes there are") or {}).values(), quarter)
        covered = full.file.last_day if full else None
        days = needed_days(daily, quarter=quarter, full=listed, covered=covered, today=self._today)
        wanted = [day for day in days if (since is None or day >= since) and (until is None or day <= until)]
        read = [
            await self._index(f"{folder}/{daily[day].name}", quarter, daily[day], why="a day that the quarter lacks")
            for day in wanted
        ]
        found = tuple((one.file, one.body) for one in read if one is not None)
        if full is None and not found:
            _log.info("EDGAR has no index of %s", quarter, extra=event("index-absent", quarter=str(quarter)))
        index = QuarterIndex(quarter, (full.file, full.body) if full else None, found, fresh=bool(full and full.fresh))
        if len(wanted) == len(days):
            self.readings.set(quarter, [file.path for file in index.files])
        return index

    async def days(
        self, quarter: Quarter, *, since: date, until: date, read: Mapping[date, str]
    ) -> AsyncIterator[DailyIndex]:
        """The daily indexes of `quarter` that EDGAR lists from `since` to `until`, inclusive, in this order.

        One that EDGAR does not serve, and all of a past quarter whose list it does not serve, have no rows and are not
        complete. Those in `read`, each with its stamp, are left out unless they have changed.
        """
        folder = f"daily-index/{quarter.folder}"
        listed = await self.listed(folder, why="which daily indexes there are")
        if listed is None:
            if quarter.last_day < until:
                yield DailyIndex(quarter.last_day, (), is_complete=False)
            return
        for day, file in sorted(daily_files(listed.values(), quarter).items()):
            if since <= day <= until and (not file.stamp or read.get(day) != file.stamp):
                found = await self._index(f"{folder}/{file.name}", quarter, file, why="what the feed missed")
                entries = await asyncio.to_thread(_rows, found.body) if found else []
                is_complete = found is not None and not file.is_cut(len(found.body))
                yield DailyIndex(day, entries, is_complete=is_complete, stamp=file.stamp)

    async def _again(self, quarter: Quarter) -> QuarterIndex | _Fetched | None:
        """The monthly check of a settled quarter, with one request.

        Returns the stored indexes if they are current, the new quarterly index if there is one, or None if more
        requests are needed.
        """
        kept = self.kept(quarter)
        if kept is None or kept.full is None:
            return None
        full = await self._index(kept.full[0].path, quarter, None, why="the monthly check of a finished quarter")
        return full if full is not None and full.fresh else kept

    async def _full(
        self, quarter: Quarter, earlier: Collection[str] | None, *, doubted: bool
    ) -> tuple[_Fetched | None, Listed | None]:
        """The quarterly index and its entry in the folder list; `earlier` are the paths read by the last run.

        Without a list, both names are tried once by a run that has not read the quarter before, unless it has just
        begun.
        """
        folder = f"full-index/{quarter.folder}"
        guess = earlier is None and quarter.first_day + timedelta(days=_NEW_DAYS) < self._today
        listed = await self.listed(folder, why="whether the quarterly index has changed")
        for name in _NAMES:
            path = f"{folder}/{name}"
            if name in (listed or ()) or path in (earlier or ()) or (listed is None and guess):
                entry = listed.get(name) if listed else None
                why = "once more, as a submission is missing from it" if doubted else "the quarterly index"
                full = await self._index(path, quarter, entry, why=why, refetch=doubted)
                if full is not None:
                    return full, entry
        return None, None

    async def tickers(self) -> dict[str, Cik]:
        """EDGAR's list of tickers."""
        path = "company_tickers.json"
        found = await self._file(
            path, self._edgar.endpoints.company_tickers(), _check_tickers, why="tickers", is_index=False
        )
        if found is None:
            raise UnreachableError("EDGAR does not serve its list of tickers", "use --cik, or try again later")
        return parse_tickers(found.body)

    async def _index(
        self, path: str, quarter: Quarter, listed: Listed | None, *, why: str, refetch: bool = False
    ) -> _Fetched | None:
        """A master index; None if EDGAR does not have it or it has no rows of its quarter."""

        def understand(body: bytes) -> tuple[bool, date | None]:
            text = unpack_master_index(body)
            is_daily = path.startswith("daily")  # of a day, with few rows, most may be dated earlier
            has_content = has_rows(text) if is_daily else is_of(text, since=quarter.first_day, until=quarter.last_day)
            return has_content, last_day(text, since=quarter.first_day, until=min(quarter.last_day, self._today))

        url = self._edgar.endpoints.below_edgar(path)
        return await self._file(path, url, understand, listed, why=why, is_index=True, refetch=refetch)

    async def _file(
        self,
        path: str,
        url: str,
        understand: Callable[[bytes], tuple[bool, date | None]],
        listed: Listed | None = None,
        *,
        why: str,
        is_index: bool,
        refetch: bool = False,
    ) -> _Fetched | None:
        """A file, from the cache if it has not changed; None if EDGAR does not have it.

        `understand` rejects a body that is not such a file, and returns whether it has content, and its latest filing
        date. A file whose entry in the folder list is unchanged is not requested. `refetch` requests it in any case.
        """
        kept = self._cache.get(path)
        stamp = listed.stamp if listed else None
        if kept and stamp and kept[0].listed == stamp and not refetch:
            return _Fetched(*kept)
        since = kept[0].last_modified if kept and not refetch else None
        try:
            read = await self._read(
                url, lambda body: (body, *understand(body)), why=why, is_index=is_index, modified_since=since
            )
        except AbsentError:
            return self._instead(kept, url, "EDGAR no longer has it")
        if read is None:
            return self._unmodified(kept, stamp)
        body, has_content, day = read.result
        _log.info("%s was read, %d bytes", path, len(body), extra=event("index-read", url=url, bytes=len(body)))
        file = IndexFile(path, hashlib.sha256(body).hexdigest(), read.last_modified, stamp, day)
        if not has_content:
            return self._instead(kept, url, "it has no rows of its quarter")
        if _is_cut(url, body, listed) or (is_index and not _is_proven(url, body, has_md5=read.has_md5)):
            return _Fetched(file, body)
        await asyncio.to_thread(self._cache.keep, file, body)
        return _Fetched(file, body, fresh=True)

    def _unmodified(self, kept: tuple[IndexFile, bytes] | None, stamp: str | None) -> _Fetched | None:
        """The copy of an unchanged file; its current entry in the folder list is stored with it."""
        if kept is None:
            return None
        file, body = kept
        if stamp and file.listed != stamp:
            file = replace(file, listed=stamp)
            self._cache.keep(file, body)
        return _Fetched(file, body)

    def _instead(self, kept: tuple[IndexFile, bytes] | None, url: str, reason: str) -> _Fetched | None:
        """The copy instead of EDGAR's file, with a warning; None without a copy."""
        if kept is None:
            return None
        facts = event("index-doubtful", url=url, reason=reason)
        _log.warning("%s: %s; the copy of an earlier run is used", url, reason, extra=facts)
        return _Fetched(*kept)

    async def listed(self, folder: str, *, why: str) -> dict[str, Listed] | None:
        """The files and folders in EDGAR's folder list, or None if EDGAR serves no list."""
        url = self._edgar.endpoints.below_edgar(f"{folder}/index.json")
        try:
            read = await self._read(url, parse_list, why=why, is_index=False)
        except AbsentError:
            return None
        return read.result if read else None

    async def _read(
        self,
        url: str,
        understand: Callable[[bytes], Result],
        *,
        why: str,
        is_index: bool,
        modified_since: str | None = None,
    ) -> Read[Result] | None:
        try:
            return await self._edgar.read(
                url,
                understand,
                max_bytes=MAX_BODY_BYTES if is_index else MAX_LIST_BYTES,
                why=why,
                modified_since=modified_since,
                check_md5=is_index,  # nobody has measured what the ETags of other files are
            )
        except AbsentError:
            raise
        except FetchError as error:
            raise UnreachableError(
                f"{url} cannot be read: {error.message}", "run the same command again later"
            ) from error


def _is_cut(url: str, body: bytes, listed: Listed | None) -> bool:
    """Whether a file is smaller than its folder's list says; logged."""
    if listed is None or not listed.is_cut(len(body)):
        return False
    facts = event("index-doubtful", url=url, reason="size", bytes=len(body), listed=listed.size)
    _log.warning("%s has %d bytes, and its folder lists %s", url, len(body), listed.size, extra=facts)
    return True


def _is_proven(url: str, body: bytes, *, has_md5: bool) -> bool:
    """Whether a checksum proves that an index is complete: its ETag's, or that of gzip itself; logged if not."""
    if has_md5 or body.startswith(GZIP_MAGIC):
        return True
    facts = event("index-unproven", url=url, bytes=len(body))
    _log.info("%s came without a checksum, and may be cut; the next run reads it again", url, extra=facts)
    return False


def _rows(body: bytes) -> list[MasterIndexEntry]:
    return list(parse_master_index(unpack_master_index(body)))


def _check_tickers(body: bytes) -> tuple[bool, None]:
    return bool(parse_tickers(body)), None
