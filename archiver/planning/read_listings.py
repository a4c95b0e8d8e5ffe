"""Reading EDGAR's indexes for a run: what to fetch, what EDGAR has withdrawn, and what is finished."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import date, datetime

from archiver.edgar.endpoints import Quarter, quarters
from archiver.edgar.session import Edgar
from archiver.errors import UnreachableError
from archiver.events import event
from archiver.identifiers import AccessionNumber, FormType
from archiver.listings.cache import IndexCache
from archiver.listings.reader import FullIndex, QuarterIndex
from archiver.listings.readings import Readings
from archiver.listings.tickers import ciks_of
from archiver.planning.plan import Plan
from archiver.planning.planner import Planner, fingerprint
from archiver.planning.withdrawals import Withdrawals, noting
from archiver.redaction import quoted
from archiver.selection.selection import Selection
from archiver.startup.dataclass import dataclass
from archiver.store.archive import Archive

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReadListings:
    """The results of reading the indexes, besides the plan.

    `done` counts submissions of quarters that an earlier run finished and that have not changed; they are not in the
    plan. `withdrawn` counts those newly missing from the full index. `versions` has the quarters read and the versions
    of their indexes; `fingerprint` is that of the selections, None if one has a limit.
    """

    done: int
    withdrawn: int
    versions: dict[str, str]
    fingerprint: str | None

    def note_finished(self, archive: Archive, plan: Plan) -> None:
        """Let the next run with the same selections skip the quarters whose submissions are all stored now."""
        if self.fingerprint is None:
            return
        found = plan.by_quarter()
        for quarter, version in self.versions.items():
            planned, complete = found.get(quarter, (0, True))
            if complete:
                archive.catalogue.checkpoints.set(self.fingerprint, quarter, version, planned=planned)


async def read_listings(
    edgar: Edgar,
    archive: Archive | None,
    selections: Sequence[Selection],
    plan: Plan,
    *,
    now: datetime,
    refresh: bool = False,
    reading: Callable[[int, int], None] = lambda _done, _total: None,
) -> ReadListings:
    """Read the indexes that `selections` need, newest first, and add to `plan` what they select.

    `archive` is None before it exists, and is written to only if it is open for writing. `now` is in UTC. `reading` is
    called before each quarter with the number read and the total; `refresh` skips no quarter. Raises `BlockedError`,
    `UnreachableError`, `StorageError`, and `UsageError` for an unknown ticker.
    """
    today = now.date()
    index = FullIndex(edgar, IndexCache(archive), today=today)
    selections = await without_tickers(selections, index)
    first, last = span(selections, today=today)
    planner, key = Planner(selections, plan), fingerprint(selections)
    withdrawals = Withdrawals(archive, now=now) if archive and archive.writable else None
    done, found = 0, False
    versions: dict[str, str] = {}
    wanted = list(quarters(first, last))
    due = index.readings.due(wanted)

    def finished(quarter: Quarter, version: str | None) -> int | None:
        """The number of submissions in these indexes that an earlier run finished, if all are still stored."""
        if archive is None or key is None or refresh or version is None:
            return None
        count = archive.catalogue.checkpoints.get(key, str(quarter), version)
        if count and not archive.has_all(quarter.first_day, quarter.last_day, quarter=str(quarter)):
            return None  # a file was removed since
        return count

    for number, quarter in enumerate(wanted):
        reading(number, len(wanted))
        read = await _read(index, quarter, finished, due=quarter in due, wanted=len(wanted), span=(first, last))
        if isinstance(read, int):
            done += read
            continue
        found = found or bool(read.files)
        await asyncio.to_thread(_take, read, planner, withdrawals, index.readings)
        versions[str(quarter)] = read.version
        if planner.is_full:
            break
    if not found and not done:
        await _require_an_index(index, wanted)
    planner.finish()
    index.readings.save()
    if not done:
        _log_unknown_forms(planner)
        _log_unknown_names(planner)
    return ReadListings(done, withdrawals.count if withdrawals else 0, versions, key)


async def _require_an_index(index: FullIndex, wanted: Sequence[Quarter]) -> None:
    """Raise `UnreachableError` if EDGAR serves neither an index of any finished quarter nor the list of its years."""
    finished = [quarter for quarter in wanted if index.readings.is_settled(quarter)]
    if any(index.readings.get(quarter) for quarter in finished):
        return
    if finished and await index.listed("full-index", why="whether it is EDGAR, as it has no index") is None:
        raise UnreachableError("EDGAR serves no index at all", "check base_url, or try again later")


async def _read(
    index: FullIndex,
    quarter: Quarter,
    finished: Callable[[Quarter, str | None], int | None],
    *,
    due: bool,
    wanted: int,
    span: tuple[date | None, date],
) -> QuarterIndex | int:
    """The indexes of a quarter, from EDGAR if they are `due`; or the number of its submissions if it is finished."""
    if not due:
        count = await asyncio.to_thread(finished, quarter, index.kept_version(quarter))
        if count is not None:
            return count
        kept = await asyncio.to_thread(index.kept, quarter)
        if kept is not None:
            return kept
    doubted = index.readings.is_doubted(quarter)
    if index.readings.get(quarter) is None and not await index.is_published(quarter, wanted=wanted):
        return 0
    read = await index.quarter(quarter, since=span[0], until=span[1])
    count = None if doubted else await asyncio.to_thread(finished, quarter, read.version)
    return read if count is None else count


async def without_tickers(selections: Sequence[Selection], index: FullIndex) -> list[Selection]:
    """The selections with tickers replaced by CIKs. Raises `UsageError` for a ticker that EDGAR does not list."""
    if not any(selection.tickers for selection in selections):
        return list(selections)
    listed = await index.tickers()
    return [
        selection.with_ciks(ciks_of(selection.tickers, listed)) if selection.tickers else selection
        for selection in selections
    ]


def span(selections: Sequence[Selection], *, today: date) -> tuple[date | None, date]:
    """The first day (None: EDGAR's first) and last day of all selections."""
    last = _open_end(max, [selection.until for selection in selections]) or today
    return _open_end(min, [selection.since for selection in selections]), min(last, today)


def _open_end(choose: Callable[[list[date]], date], days: list[date | None]) -> date | None:
    """The earliest or latest of `days`; None is beyond all others."""
    known = [day for day in days if day is not None]
    return choose(known) if len(known) == len(days) else None


def _take(read: QuarterIndex, planner: Planner, withdrawals: Withdrawals | None, readings: Readings) -> None:
    """Pass a quarter's rows to `planner`, and compare the archive with its full index."""
    forms: dict[AccessionNumber, FormType] = {}
    entries = read.full_entries() if withdrawals is None else noting(read.full_entries(), forms)
    planner.add(entries, quarter=read.quarter)
    planner.add(read.daily_entries(), quarter=read.quarter, listed=False)
    if withdrawals is not None and read.full and withdrawals.check(read, forms):
        readings.doubt(read.quarter)


def _log_unknown_forms(planner: Planner) -> None:
    for form, near in planner.unknown_forms().items():
        hint = f"did you mean {quoted(near)}?" if near else "look at its spelling and at the dates"
        facts = event("form-unknown", form=form)
        _log.warning("no filing on these dates has the form %s; %s", ascii(form)[1:-1], hint, extra=facts)


def _log_unknown_names(planner: Planner) -> None:
    for name, near in planner.unknown_names().items():
        shown = " or ".join(map(quoted, near))
        hint = f"did you mean {shown}?" if near else "look at its spelling and at the dates"
        facts = event("name-unknown", company=name)
        _log.warning("no company that filed on these dates is named %s; %s", ascii(name), hint, extra=facts)
