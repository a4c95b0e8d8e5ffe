"""The mirror: from a selection to submissions on disk (docs/architecture.md draws the way)."""

from __future__ import annotations

import asyncio
import io
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Self

from archiver.archive import Archive
from archiver.catalogue import CatalogueRecord
from archiver.edgar import Edgar
from archiver.endpoints import Quarter, quarters
from archiver.errors import AbsentError, FetchError, NotInArchiveError, UsageError
from archiver.full_index import published_quarters, read_quarter
from archiver.identifiers import AccessionNumber
from archiver.intake import take_answer, take_orphan
from archiver.master_index import parse_master_index
from archiver.planner import Planner, SubmissionRef, SyncPlan
from archiver.reports import DryRun, SyncFailure, SyncReport, Tally
from archiver.selection import Selection
from archiver.settings import Settings

_log = logging.getLogger(__name__)

LAST_SYNC = "last_sync"
"""The catalogue's note of when the last sync ended, ISO 8601 in UTC."""

Progress = Callable[[SyncReport], None]


class Mirror:
    """Brings submissions from EDGAR to disk. Use it as an async context manager; opening it makes no request.

    Raises `SettingsError` where the settings name no identity.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self._edgar: Edgar | None = None

    async def __aenter__(self) -> Self:
        self._edgar = Edgar(self.settings)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._edgar is not None:
            await self._edgar.__aexit__()
            self._edgar = None

    async def dry_run(self, selection: Selection) -> DryRun:
        """Plan `selection` and write nothing. Raises as `sync` does."""
        selection.require_narrow()
        try:
            with Archive.open(self.settings.root) as archive:
                plan = await self._plan(selection, archive, Tally())
        except NotInArchiveError:
            plan = await self._plan(selection, None, Tally())
        return DryRun(
            plan=plan,
            requests=len(plan.missing),
            estimated_bytes=plan.estimated_bytes,
            estimated_s=len(plan.missing) / self.settings.rate,
        )

    async def sync(self, selection: Selection, *, progress: Progress | None = None) -> SyncReport:
        """Mirror what `selection` takes and is not on disk yet.

        A submission that could not be had is a failure in the report; the run goes on. Raises `UsageError` (nothing
        selected), `BlockedError` or `UnreachableError` (EDGAR refuses or is away), `LockedError`, `StorageError`; what
        was stored by then stays, and the next sync goes on from there. `progress` is called after every submission.
        """
        selection.require_narrow()
        with Archive.open(self.settings.root, writable=True, create=True) as archive:
            return await self.sync_into(archive, selection, progress=progress)

    async def sync_into(
        self, archive: Archive, selection: Selection, *, progress: Progress | None = None
    ) -> SyncReport:
        """`sync` into an archive that the caller has opened for writing."""
        began_s, began_requests = time.monotonic(), self._open_edgar.requests
        tally = Tally()
        plan = await self._plan(selection, archive, tally)
        tally.add(planned=plan.planned, present=plan.present)
        await self._fetch_all(archive, plan, tally, progress or _no_progress)
        archive.catalogue.set_note(LAST_SYNC, datetime.now(UTC).isoformat(timespec="seconds"))
        tally.add(requests=self._open_edgar.requests - began_requests)
        return tally.finish(elapsed_s=time.monotonic() - began_s)

    @property
    def _open_edgar(self) -> Edgar:
        if self._edgar is None:
            raise UsageError("the mirror is not open", "use it as `async with Mirror(settings) as mirror:`")
        return self._edgar

    async def _plan(self, selection: Selection, archive: Archive | None, tally: Tally) -> SyncPlan:
        planner = Planner(selection)
        today = datetime.now(UTC).date()
        until = min(selection.last_day or today, today)
        wanted = list(quarters(selection.first_day, until))
        async for quarter in published_quarters(self._open_edgar, wanted):
            text = await read_quarter(self._open_edgar, quarter)
            if text is not None:
                await asyncio.to_thread(_take_quarter, text, quarter, planner, archive, tally)
            if planner.is_full:
                break
        return planner.plan(stored=archive.catalogue if archive else ())

    async def _fetch_all(self, archive: Archive, plan: SyncPlan, tally: Tally, progress: Progress) -> None:
        queue = iter(plan.missing)
        progress(tally.report)

        async def work() -> None:
            for ref in queue:
                await self._fetch(archive, ref, tally)
                progress(tally.report)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self.settings.concurrency, len(plan.missing))):
                    group.create_task(work())
        except BaseExceptionGroup as errors:  # the first one ended the run; the others are its echo
            raise errors.exceptions[0] from None

    async def _fetch(self, archive: Archive, ref: SubmissionRef, tally: Tally) -> None:
        url = self._open_edgar.endpoints.submission(ref.cik, ref.accession)
        try:
            record = await self._have(archive, ref, url)
        except AbsentError as error:
            _log.warning("%s is in the index and not at %s: %s", ref.accession, url, error)
            tally.add(absent=1)
        except FetchError as error:
            _log.warning("%s failed: %s", ref.accession, error)
            tally.fail(SyncFailure(ref.accession, url, type(error).__name__, str(error)))
        else:
            archive.catalogue.add(record)
            tally.add(stored=1, bytes=record.size)

    async def _have(self, archive: Archive, ref: SubmissionRef, url: str) -> CatalogueRecord:
        """The submission's file in its place, and the row that it shall have."""
        orphan = await take_orphan(archive, ref, url=url)
        if orphan is not None:
            return orphan
        return await self._open_edgar.take(
            url, lambda answer: take_answer(archive, ref, answer), max_bytes=self.settings.max_submission_bytes
        )


def _take_quarter(text: bytes, quarter: Quarter, planner: Planner, archive: Archive | None, tally: Tally) -> None:
    """Give a quarter's rows to `planner`, and mark what the archive has and the index no longer names as withdrawn."""
    unseen = {}
    if archive is not None:
        unseen = {
            record.accession: record
            for record in archive.catalogue.filed_between(quarter.first_day, quarter.last_day)
            if record.source == "index"
        }
    back: list[AccessionNumber] = []
    for entry in parse_master_index(io.BytesIO(text)):
        planner.add(entry)
        if (record := unseen.pop(entry.accession, None)) is not None and record.withdrawn_at is not None:
            back.append(entry.accession)
    if archive is not None and archive.writable:
        gone = [record.accession for record in unseen.values() if record.withdrawn_at is None]
        archive.catalogue.set_withdrawn(gone, datetime.now(UTC))
        archive.catalogue.set_withdrawn(back, None)
        tally.add(withdrawn=len(gone))


def _no_progress(_: SyncReport) -> None:
    """Nobody is watching."""
