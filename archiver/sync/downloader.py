"""From a selection to submissions on disk (docs/architecture.md describes the steps)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal, Self

from archiver.catalogue.records import CatalogueRecord
from archiver.edgar.session import Edgar
from archiver.errors import AbsentError, DamageError, FetchError, NotInArchiveError, UsageError
from archiver.events import event
from archiver.identifiers import AccessionNumber
from archiver.intake.feed import faster_feed, sync_feed
from archiver.intake.refused import forget_refused, keep_refused_page
from archiver.intake.single import take_answer, take_orphan
from archiver.planning.plan import Outcome, Plan, SubmissionRef
from archiver.planning.read_listings import read_listings
from archiver.planning.tally import Tally
from archiver.reports import DryRun, SyncFailure, SyncReport
from archiver.runtime.progress import CancelToken, Progress, checked_progress
from archiver.selection.selection import Selection, as_selections
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from archiver.store.journal import journal
from archiver.sync.last_sync import selection_values

_log = logging.getLogger(__name__)

NOTE_S = 2.0
"""Interval in seconds at which a running sync updates the journal."""
_ROWS_AT_ONCE = 64
_ROWS_EVERY_S = 1.0

Source = Literal["index", "feed"]
_VERBS: dict[Source, str] = {"index": "sync", "feed": "feed"}
"""The verb in the journal for a sync from each source."""


class Downloader:
    """Brings submissions from EDGAR into an archive. An async context manager; opening it sends no request.

    `clock` returns the current time in UTC. Raises `SettingsError` if the settings have no identity.
    """

    def __init__(self, settings: Settings | None = None, *, clock: Callable[[], datetime] | None = None) -> None:
        self.settings = settings or Settings()
        self._clock = clock or _now
        self._edgar: Edgar | None = None

    async def __aenter__(self) -> Self:
        self._edgar = Edgar(self.settings)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._edgar is not None:
            await self._edgar.__aexit__()
            self._edgar = None

    async def dry_run(self, selection: Selection | Sequence[Selection]) -> DryRun:
        """Plan `selection` and write nothing. Raises as `download` does."""
        selections = as_selections(selection)
        with contextlib.ExitStack() as stack:
            archive = None
            with contextlib.suppress(NotInArchiveError):
                archive = stack.enter_context(Archive.open(self.settings.root))
            plan = stack.enter_context(Plan())
            found = await read_listings(self.edgar, archive, selections, plan, now=self._clock())
            if archive:
                await asyncio.to_thread(plan.note_present, archive.kept)
            missing = plan.count(Outcome.MISSING)
            return DryRun(
                planned=found.done + plan.count(),
                present=found.done + plan.count(Outcome.PRESENT),
                requests=missing,
                missing=plan.missing_by_form(),
                estimated_bytes=plan.estimated_bytes(),
                estimated_s=missing / self.settings.rate,
                feed=faster_feed(plan.missing_days(), requests=missing, rate=self.settings.rate),
            )

    async def download(
        self,
        archive: Archive,
        selection: Selection | Sequence[Selection],
        *,
        source: Source = "index",
        refresh: bool = False,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> SyncReport:
        """Bring into `archive`, open for writing, everything the selections select that it lacks.

        `source` is ``index``, with one request per submission, or ``feed``, with one per day. `refresh` also fetches
        stored submissions that came from the Feed or an import. A submission that cannot be fetched is a failure in the
        report, and the run continues. `progress` is called after every submission. Raises `UsageError` (nothing
        selected), `BlockedError` or `UnreachableError` (EDGAR refuses or is unreachable), `StorageError`,
        `RunCancelledError`; what was stored stays, and the next run continues from there.
        """
        edgar, selections = self.edgar, as_selections(selection)
        progress = checked_progress(progress)
        if source == "feed" and refresh:
            raise UsageError("a refresh fetches single submissions, not the Feed", "leave one out")
        with Plan(archive.layout.incoming) as plan:
            tally = Tally(plan, requests=lambda: edgar.requests, progress=progress, cancel=cancel)
            asked_for = selection_values(selections, refresh=refresh)
            with journal(archive, _VERBS[source], asked_for, tally.so_far) as note:
                number = archive.run
                async with _repeating(note, every_s=NOTE_S):
                    if source == "feed":
                        await sync_feed(edgar, archive, selections, tally, settings=self.settings)
                    else:
                        await self._download_listed(archive, selections, tally, refresh=refresh)
            return replace(tally.finish(), run=number)

    async def _download_listed(
        self, archive: Archive, selections: Sequence[Selection], tally: Tally, *, refresh: bool
    ) -> None:
        """Plan from EDGAR's indexes and fetch submissions one by one."""
        plan, tally.is_planning = tally.plan, True
        found = await read_listings(
            self.edgar,
            archive,
            selections,
            plan,
            now=self._clock(),
            refresh=refresh,
            reading=tally.read_quarter,
        )
        tally.finished_before, tally.withdrawn, tally.is_planning = found.done, found.withdrawn, False
        await asyncio.to_thread(plan.note_present, archive.kept_from_edgar if refresh else archive.kept)
        await self.fetch_planned(archive, tally, refresh=refresh)
        await asyncio.to_thread(_hold_against, archive, tally)
        found.note_finished(archive, plan)

    @property
    def edgar(self) -> Edgar:
        """The open connection. Raises `UsageError` if it is not open."""
        if self._edgar is None:
            raise UsageError("it is not open", "use it in an `async with` block")
        return self._edgar

    async def fetch_planned(self, archive: Archive, tally: Tally, *, refresh: bool = False) -> None:
        """Fetch what the plan of `tally` lacks into `archive`, and record the outcomes. Raises as `download`."""
        queue, outcomes = tally.plan.missing(), _Outcomes(archive, tally)
        tally.tell("fetching")

        async def work() -> None:
            for ref in queue:
                tally.cancel.check()
                older = archive.catalogue.get(ref.accession) if refresh and archive.kept([ref.accession]) else None
                await self._fetch(archive, ref, older, outcomes)
                tally.tell("fetching")

        try:
            async with _repeating(outcomes.write, every_s=_ROWS_EVERY_S), asyncio.TaskGroup() as group:
                for _ in range(min(self.settings.concurrency, tally.plan.count(Outcome.MISSING))):
                    group.create_task(work())
        except BaseExceptionGroup as errors:  # the first one ended the run; the others follow from it
            raise errors.exceptions[0] from None
        finally:
            outcomes.write()

    async def _fetch(
        self, archive: Archive, ref: SubmissionRef, older: CatalogueRecord | None, outcomes: _Outcomes
    ) -> None:
        url = self.edgar.endpoints.submission(ref.cik, ref.accession)
        try:
            outcomes.stored(await self._have(archive, ref, older, url))
        except AbsentError as error:
            facts = event("absent", accession=ref.accession, url=url)
            _log.warning("%s is in the index but not at %s: %s", ref.accession, url, error, extra=facts)
            outcomes.absent(ref.accession)
        except FetchError as error:
            facts = event("refused", accession=ref.accession, url=url, error=type(error).__name__)
            _log.warning("%s failed: %s", ref.accession, error, extra=facts)
            keep_refused_page(archive, ref.accession, error)
            outcomes.failed(SyncFailure(ref.accession, url, type(error).__name__, str(error)))

    async def _have(
        self, archive: Archive, ref: SubmissionRef, older: CatalogueRecord | None, url: str
    ) -> CatalogueRecord:
        """Fetch or take over the submission's file, and return its row."""
        if older is None:
            orphan = await take_orphan(archive, ref, url=url)
            if orphan is not None:
                return orphan
        return await self.edgar.take(
            url,
            lambda answer: take_answer(archive, ref, answer, url=url, older=older),
            max_bytes=self.settings.max_submission_bytes,
        )


class _Outcomes:
    """Records the outcomes of fetches in tally, plan and catalogue.

    Rows are added to the catalogue several dozen at a time; their files are durable already. A kill loses such rows but
    no file, and the next run adds the rows.
    """

    def __init__(self, archive: Archive, tally: Tally) -> None:
        self._archive = archive
        self._plan = tally.plan
        self._tally = tally
        self._records: list[CatalogueRecord] = []

    def stored(self, record: CatalogueRecord) -> None:
        """Record a submission whose file is durable."""
        self._records.append(record)
        facts = event("stored", accession=record.accession, form=record.form, bytes=record.size, source=record.source)
        _log.info("%s is stored, %d bytes", record.accession, record.size, extra=facts)
        forget_refused(self._archive, record.accession)
        self._plan.mark([record.accession], Outcome.STORED)
        self._tally.bytes += record.size
        if len(self._records) >= _ROWS_AT_ONCE:
            self.write()

    def absent(self, accession: AccessionNumber) -> None:
        """Record that EDGAR does not have it."""
        self._plan.mark([accession], Outcome.ABSENT)

    def failed(self, failure: SyncFailure) -> None:
        """Record that it could not be fetched."""
        self._tally.fail(failure)

    def write(self) -> None:
        """Write the collected rows."""
        records, self._records = self._records, []
        if records:
            self._archive.catalogue.add(*records)


def _hold_against(archive: Archive, tally: Tally) -> None:
    """Compare the archive with the plan at the end of a run: a file that should exist but does not is a failure."""
    for outcome in (Outcome.PRESENT, Outcome.STORED):
        for accessions in tally.plan.of(outcome):
            for accession in sorted(set(accessions).difference(archive.kept(accessions))):
                message = "it was on disk, and is not there at the end of the run; run the same command again"
                tally.fail(SyncFailure(accession, "", DamageError.__name__, message))


@contextlib.asynccontextmanager
async def _repeating(action: Callable[[], None], *, every_s: float) -> AsyncIterator[None]:
    """Call `action` in the event loop at intervals, even if nothing else happens.

    An exception ends that, and is raised after the body has ended without an error of its own.
    """

    async def repeat() -> None:
        while True:
            await asyncio.sleep(every_s)
            action()

    task = asyncio.create_task(repeat())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
    if not task.cancelled():
        task.result()


def _now() -> datetime:
    return datetime.now(UTC)
