"""Reading EDGAR's indexes for a run: what has to be had, what EDGAR has withdrawn, and what is long done."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from archiver.catalogue.records import CatalogueRecord
from archiver.edgar.endpoints import Quarter, quarters
from archiver.edgar.session import Edgar
from archiver.events import event
from archiver.identifiers import AccessionNumber
from archiver.listings.cache import IndexCache
from archiver.listings.reader import FullIndex, QuarterIndex
from archiver.listings.tickers import ciks_of
from archiver.model import MasterIndexEntry
from archiver.planning.plan import Plan
from archiver.planning.planner import Planner, fingerprint
from archiver.selection import Selection
from archiver.store.archive import Archive

_log = logging.getLogger(__name__)

_GRACE_DAYS = 14
"""A submission that only a daily index has named may be so long on its way into the full index (rebuilt weekly)."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What reading the indexes has given, beside the plan.

    `done` counts the submissions of quarters that an earlier run has finished and that have not changed since, which
    are not in the plan; `withdrawn` those newly found missing from the full index. `versions` are the quarters read,
    each with the version of its indexes; `fingerprint` is the selections', None where one has a limit.
    """

    done: int
    withdrawn: int
    versions: dict[str, str]
    fingerprint: str | None

    def note_finished(self, archive: Archive, plan: Plan) -> None:
        """Let the next run with the same selections pass over the quarters of which everything is stored now."""
        if self.fingerprint is None:
            return
        found = plan.by_quarter()
        for quarter, version in self.versions.items():
            planned, complete = found.get(quarter, (0, True))
            if complete:
                archive.catalogue.checkpoints.set(self.fingerprint, quarter, version, planned=planned)


async def survey(
    edgar: Edgar,
    archive: Archive | None,
    selections: Sequence[Selection],
    plan: Plan,
    *,
    anew: bool = False,
    reading: Callable[[Quarter], None] = lambda _: None,
) -> Survey:
    """Read the indexes that `selections` need, the newest first, and put into `plan` what they take.

    `archive` is None before there is one; only one opened for writing is written to. `reading` is called with each
    quarter; `anew` passes over none. Raises `BlockedError`, `UnreachableError`, `StorageError`, and `UsageError` for an
    unknown ticker.
    """
    today = datetime.now(UTC).date()
    index = FullIndex(edgar, IndexCache(archive), today=today)
    selections = await without_tickers(selections, index)
    first, last = span(selections, today=today)
    planner, key = Planner(selections, plan), fingerprint(selections)
    done = withdrawn = 0
    versions: dict[str, str] = {}
    async for quarter in index.published(list(quarters(first, last))):
        reading(quarter)
        read = await index.quarter(quarter, since=first, until=last)
        if (
            archive
            and key
            and not anew
            and (count := archive.catalogue.checkpoints.get(key, str(quarter), read.version)) is not None
        ):
            done += count
            continue
        withdrawn += await asyncio.to_thread(_take, read, planner, archive)
        versions[str(quarter)] = read.version
        if planner.is_full:
            break
    planner.finish()
    if not done:
        _log_unknown_forms(planner)
        _log_unknown_names(planner)
    return Survey(done, withdrawn, versions, key)


async def without_tickers(selections: Sequence[Selection], index: FullIndex) -> list[Selection]:
    """The selections with CIKs in place of their tickers. Raises `UsageError` for one that EDGAR does not list."""
    if not any(selection.tickers for selection in selections):
        return list(selections)
    listed = await index.tickers()
    return [selection.with_ciks(ciks_of(selection.tickers, listed)) for selection in selections]


def span(selections: Sequence[Selection], *, today: date) -> tuple[date | None, date]:
    """The first day (None: EDGAR's first) and the last that any of the selections takes."""
    last = _open_end(max, [selection.last_day for selection in selections]) or today
    return _open_end(min, [selection.first_day for selection in selections]), min(last, today)


def _open_end(choose: Callable[[list[date]], date], days: list[date | None]) -> date | None:
    """The first or last of `days`, of which None is beyond all others."""
    known = [day for day in days if day is not None]
    return choose(known) if len(known) == len(days) else None


def _take(read: QuarterIndex, planner: Planner, archive: Archive | None) -> int:
    """Give a quarter's rows to `planner`; mark what the full index no longer names as withdrawn, and say how many."""
    if archive is None or not archive.writable:
        planner.add(read.full_entries(), quarter=read.quarter)
        planner.add(read.daily_entries(), quarter=read.quarter, listed=False)
        return 0
    named: set[AccessionNumber] = set()
    planner.add(_noting(read.full_entries(), named), quarter=read.quarter)
    planner.add(read.daily_entries(), quarter=read.quarter, listed=False)
    return _note_listed(read, named, archive) if read.full else 0


def _noting(entries: Iterator[MasterIndexEntry], named: set[AccessionNumber]) -> Iterator[MasterIndexEntry]:
    for entry in entries:
        named.add(entry.accession)
        yield entry


def _note_listed(read: QuarterIndex, named: set[AccessionNumber], archive: Archive) -> int:
    """Hold the archive's submissions of a quarter against the accession numbers that its full index names.

    Rows vanish from the full index when the SEC deletes a filing, and never from daily files (measured). So a
    submission is withdrawn once the full index has named it and no longer does, or has had time to and has not.
    """
    covered = read.full[0].last_day if read.full else None
    due = covered - timedelta(days=_GRACE_DAYS) if covered else date.min
    listed, gone, back = [], [], []

    def is_due(record: CatalogueRecord) -> bool:
        return record.listed or (record.source != "import" and record.filing_date <= due)

    for record in archive.catalogue.filed_between(read.quarter.first_day, read.quarter.last_day):
        if record.accession in named:
            if not record.listed:
                listed.append(record.accession)
            if record.withdrawn_at is not None:
                back.append(record.accession)
        elif record.withdrawn_at is None and is_due(record):
            gone.append(record.accession)
    archive.catalogue.set_listed(listed, quarter=str(read.quarter), moment=datetime.now(UTC))
    archive.catalogue.set_withdrawn(back, None)
    archive.catalogue.set_withdrawn(gone, datetime.now(UTC))
    return len(gone)


def _log_unknown_forms(planner: Planner) -> None:
    for form, near in planner.unknown_forms().items():
        hint = f"did you mean {near}?" if near else "look at its spelling and at the dates"
        facts = event("form-unknown", form=form)
        _log.warning("no filing of these dates has the form %s; %s", ascii(form)[1:-1], hint, extra=facts)


def _log_unknown_names(planner: Planner) -> None:
    for name, near in planner.unknown_names().items():
        shown = " or ".join(ascii(one)[1:-1] for one in near)
        hint = f"did you mean {shown}?" if near else "look at its spelling and at the dates"
        facts = event("name-unknown", company=name)
        _log.warning("no company that filed on these dates is named %s; %s", ascii(name), hint, extra=facts)
