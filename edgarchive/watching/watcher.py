"""Watching EDGAR's feed: new filings are fetched as by a sync, indexed, matched, and recorded for delivery.

All state is in the catalogue and every step can be repeated, so a kill loses nothing: a filing goes from ``pending`` to
``stored`` once its file is durable, and to ``done`` in the transaction that records its deliveries.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Self

from archiver.catalogue.watching import Delivery, Sighting
from archiver.errors import NotInArchiveError, UnreachableError, UsageError
from archiver.events import event
from archiver.identifiers import AccessionNumber, Cik, FormType, parse_date
from archiver.listings.cache import IndexCache
from archiver.listings.current_feed import CurrentFiling, walk_current_feed
from archiver.listings.reader import FullIndex
from archiver.planning.plan import Outcome, Plan, SubmissionRef
from archiver.planning.read_listings import read_listings, without_tickers
from archiver.planning.tally import Tally
from archiver.reports import SyncReport
from archiver.runtime.blocking import in_thread
from archiver.runtime.progress import CancelToken
from archiver.selection.selection import Selection, as_selections
from archiver.settings.settings import Settings
from archiver.startup.dataclass import dataclass
from archiver.store.archive import Archive
from archiver.store.journal import journal
from archiver.store.layout import Layout
from archiver.store.locking import lock_for_watching
from archiver.sync.downloader import Downloader
from archiver.sync.last_sync import selection_values
from edgarchive.indexing import index_after
from edgarchive.watching.alerts import Alerts
from edgarchive.watching.searches import NamedSearch
from edgarchive.watching.settling import RETRY, Settled, is_selected, missed_filings, misspelt_forms, take_up
from edgarchive.watching.sinks.sink import Sink
from indexer.index_folder import is_index
from indexer.search.library import Library

_log = logging.getLogger(__name__)

TEXT_RETRY_S, TEXT_ATTEMPTS = 120, 10
"""A submission's text may appear minutes after its entry; these are the interval and number of attempts."""

FAILED_RETRY_S, FAILED_ATTEMPTS = 600, 144
"""The same where EDGAR fails to serve a text that may be there: an outage of up to a day costs no alert."""

_LONGEST = timedelta(seconds=FAILED_RETRY_S)

AT_ONCE = 1_000
"""Filings recorded at once, and fetched before their alerts are, so that those of years take no memory at once."""

REMEMBER, KEEP = timedelta(days=14), 20_000
"""How long finished filings are remembered; the feed reaches back about 25 hours.

At least this many are remembered in any case, more than the feed has, so that a wrong clock causes no loss.
"""


@dataclass(frozen=True, slots=True)
class PollReport:
    """The result of a poll: `new` selected filings, `pending` texts that are not available yet, `alerts` created.

    `is_first`: nothing was known before, so the whole feed counts as known and causes no alerts.
    """

    pages: int
    new: int
    stored: int
    pending: int
    alerts: int
    has_gap: bool = False
    is_first: bool = False


@dataclass(frozen=True, slots=True)
class _Start:
    """The feed at the first poll: known, although another process may keep that poll from recording it."""

    accessions: frozenset[AccessionNumber]
    settled: Settled


class Watcher:
    """Polls the feed for filings in `selections`, and creates alerts of `searches` for `sinks`.

    Without searches (None), every selected filing causes an alert. An async context manager. `clock` returns the time
    in UTC. Raises `UsageError` if nothing is selected, `SettingsError` without an identity; on entering, `LockedError`
    if another watch has the archive: each would take what the other has seen for known, and send no alerts for it.
    """

    def __init__(
        self,
        settings: Settings,
        selections: Selection | Sequence[Selection],
        *,
        searches: Sequence[NamedSearch] | None = None,
        sinks: Sequence[Sink] = (),
        backfill: date | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        # A new filing's date may be months old (measured), so dates and limits are ignored here.
        undated = [replace(one, since=None, until=None, limit=None) for one in as_selections(selections)]
        self._selections = list(as_selections(undated))
        self._settings = settings
        self._alerts = Alerts(searches)
        self._sinks = tuple(sinks)
        self._backfill = backfill
        self._clock = clock
        self._downloader = Downloader(settings, clock=clock)
        self._must_check_searches = self._alerts.name_tickers
        self._must_check_forms = True
        self._lock: int | None = None
        self._start: _Start | None = None

    async def __aenter__(self) -> Self:
        self._hold()
        await self._downloader.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._downloader.__aexit__(*error)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _hold(self) -> None:
        """Keep other watches from the archive, once there is one."""
        if self._lock is None:
            self._lock = lock_for_watching(Layout.of(self._settings.root))

    async def poll(self) -> PollReport:
        """Read the feed once, and process what is new or due.

        Without new filings this takes one request. At the first poll ever, what the feed has is known, not new.
        Raises `BlockedError`, `UnreachableError` (EDGAR refuses or is unreachable), `LockedError` (another process
        writes to the archive; nothing is lost), `StorageError`, and at the first poll of this watcher `UsageError` for
        a ticker that EDGAR does not list.
        """
        settled = self._settled()
        is_first = settled is None
        begun = self._start.settled if settled is None and self._start is not None else settled
        walk = await walk_current_feed(self._downloader.edgar, self._known, since=begun.oldest if begun else None)
        named = [one.accession for one in walk.filings]
        known = self._known(named)
        fresh = [one for one in walk.filings if one.accession not in known]
        if settled is None:
            if self._start is None:
                self._start = _Start(frozenset(named), Settled.at_start(walk.filings, self._clock()))
            settled = self._start.settled
        has_gap = walk.has_gap and not is_first
        must_settle = has_gap or settled.is_due(self._clock())
        self._check_forms(walk.filings)
        must_check = self._must_check_searches or any(one.tickers for one in self._selections)
        is_quiet = not (fresh or is_first or must_settle or self._backfill or must_check)
        if is_quiet and not self._has_work():
            return PollReport(walk.pages, 0, 0, 0, 0)
        with Archive.open(self._settings.root, writable=True, create=True) as archive:
            self._hold()
            await self._check_searches(archive)
            await self._without_tickers(archive)
            if has_gap:
                facts = event("feed-gap", pages=walk.pages)
                _log.warning("gap: the feed does not reach back to the last poll; reading the daily index", extra=facts)
                settled = settled.reopened()
                settled.store(archive.catalogue)  # first: once the feed is recorded, no poll sees this gap
            taken = await self._note(archive, fresh, known=self._start.accessions if is_first and self._start else ())
            settled = settled.with_feed(walk.filings)
            settled.store(archive.catalogue)
            if self._backfill is not None:
                taken += await self._from_index(archive, self._backfill)
                self._backfill = None
            if must_settle:
                taken += await self._settle(archive, settled)
            stored, alerts = 0, await in_thread(self._match, archive)
            last = None  # each text is tried once in a poll, however long the others take
            while due := self._due(archive, after=last, limit=AT_ONCE):
                last = due[-1].accession
                stored += await self._fetch(archive, due)
                alerts += await in_thread(self._match, archive)
            self._forget(archive, settled)
            pending = archive.catalogue.sightings.count("pending")
        return PollReport(walk.pages, taken, stored, pending, alerts, has_gap=has_gap, is_first=is_first)

    def _settled(self) -> Settled | None:
        """How far the daily indexes were read; None before the first poll.

        If only that is lost, they are read again from the day when a filing was last seen.
        """
        with contextlib.suppress(NotInArchiveError), Archive.open(self._settings.root) as archive:
            settled, newest = Settled.of(archive.catalogue), archive.catalogue.sightings.newest()
            if settled is None and newest is not None:
                settled = Settled.since_seen(newest)
            return settled.corrected(self._clock()) if settled else None
        return None

    def _known(self, accessions: Iterable[AccessionNumber]) -> set[AccessionNumber]:
        """Those of `accessions` that were seen before."""
        with contextlib.suppress(NotInArchiveError), Archive.open(self._settings.root) as archive:
            return archive.catalogue.sightings.known(accessions)
        return set()

    def _has_work(self) -> bool:
        """Whether a text is due to be fetched, or a stored filing to be matched."""
        try:
            with Archive.open(self._settings.root) as archive:
                return bool(self._due(archive, limit=1) or archive.catalogue.sightings.of("stored", limit=1))
        except NotInArchiveError:
            return False

    async def _note(
        self, archive: Archive, fresh: Sequence[CurrentFiling], *, known: Collection[AccessionNumber]
    ) -> int:
        """Record the filings in the feed, in one transaction; returns how many to fetch: those not `known`."""
        now = self._clock()
        entries = {one.accession: one.to_dict() for one in fresh}
        wanted = {
            accession
            for accession, entry in entries.items()
            if accession not in known and is_selected(accession, entry, self._selections)
        }
        archive.catalogue.sightings.add(
            *(
                Sighting(accession, entry, "pending", now, next_try_at=now)
                if accession in wanted
                else Sighting(accession, entry, "known", now)
                for accession, entry in entries.items()
            )
        )
        return len(wanted)

    async def _check_searches(self, archive: Archive) -> None:
        """Once: get EDGAR's list of tickers if a search names one that the archive's copy lacks.

        Raises `UsageError` if EDGAR's list lacks it too.
        """
        if not self._must_check_searches:
            return
        with Library(settings=self._settings) as library:
            try:
                self._alerts.check(library)
            except UsageError:
                await self._index(archive).tickers()
                self._alerts.check(library)
        self._must_check_searches = False

    def _check_forms(self, feed: Iterable[CurrentFiling]) -> None:
        """Once: warn of form types that would select nothing for ever."""
        if self._must_check_forms:
            for form, near in misspelt_forms(self._selections, {one.form for one in feed}).items():
                text = "no filing in EDGAR's feed has the form %s; did you mean %s?"
                _log.warning(text, ascii(form)[1:-1], near, extra=event("form-unknown", form=form))
        self._must_check_forms = False

    async def _without_tickers(self, archive: Archive) -> None:
        """Replace tickers by their CIKs. Raises `UsageError` for one that EDGAR does not list."""
        self._selections = await without_tickers(self._selections, self._index(archive))

    def _index(self, archive: Archive) -> FullIndex:
        return FullIndex(self._downloader.edgar, IndexCache(archive), today=self._clock().date())

    async def _settle(self, archive: Archive, settled: Settled) -> int:
        """Record the filings that the feed missed, by the daily indexes published since; returns how many."""
        now, sightings, count = self._clock(), archive.catalogue.sightings, 0
        missed = missed_filings(self._index(archive), self._selections, sightings, settled, now)
        try:
            async for refs, then in missed:
                count += take_up(sightings, refs, now)
                then.store(archive.catalogue)
                settled = then
        except UnreachableError as error:
            facts = event("daily-index-late", error=type(error).__name__)
            _log.warning("what the feed missed is read later: %s", error, extra=facts)
        if settled.is_due(now):
            replace(settled, retry_at=now + RETRY).store(archive.catalogue)
        if count:
            _log.warning("the feed missed %d filings", count, extra=event("feed-missed", filings=count))
        return count

    async def _from_index(self, archive: Archive, since: date) -> int:
        """Fetch the filings in EDGAR's indexes since a day, also those in the feed before the watch began."""
        selections = [replace(one, since=since) for one in self._selections]
        with Plan(archive.layout.incoming) as plan:
            await read_listings(self._downloader.edgar, archive, selections, plan, now=self._clock())
            await asyncio.to_thread(plan.note_present, archive.kept)
            missing, count = plan.missing(), 0
            while refs := list(itertools.islice(missing, AT_ONCE)):
                count += take_up(archive.catalogue.sightings, refs, self._clock())
            return count

    def _due(self, archive: Archive, *, after: AccessionNumber | None = None, limit: int) -> list[Sighting]:
        """The first filings whose texts are due now, after one."""
        sightings = archive.catalogue.sightings
        return sightings.of("pending", due=self._clock(), longest=_LONGEST, after=after, limit=limit)

    async def _fetch(self, archive: Archive, due: Sequence[Sighting]) -> int:
        """Fetch texts, index them, and record each as stored or when to try again."""
        with Plan(archive.layout.incoming) as plan:
            plan.add(_ref(one) for one in due)
            await asyncio.to_thread(plan.note_present, archive.kept)
            tally = Tally(plan, requests=lambda: self._downloader.edgar.requests)
            asked = selection_values(self._selections)
            with journal(archive, "watch", asked, tally.finish):
                await self._downloader.fetch_planned(archive, tally)
            report = tally.finish()
            outcomes = {one.accession: plan.outcome(one.accession) for one in due}
        there = [accession for accession, outcome in outcomes.items() if outcome in {Outcome.STORED, Outcome.PRESENT}]
        if there:
            cancel = CancelToken()
            await in_thread(partial(index_after, archive, report, self._settings, cancel=cancel), cancel=cancel)
        archive.catalogue.sightings.set_state(there, "stored")
        for sighting in due:
            if sighting.accession not in there:
                self._later(archive, sighting, is_absent=outcomes[sighting.accession] is Outcome.ABSENT)
        return report.stored

    def _later(self, archive: Archive, sighting: Sighting, *, is_absent: bool) -> None:
        """Try a text again in some minutes, or leave it to the next sync."""
        attempts = TEXT_ATTEMPTS if is_absent else FAILED_ATTEMPTS
        wait_s = TEXT_RETRY_S if is_absent or sighting.attempts < TEXT_ATTEMPTS else FAILED_RETRY_S
        if sighting.attempts + 1 >= attempts:
            archive.catalogue.sightings.set_state([sighting.accession], "left")
            facts = event("text-late", accession=sighting.accession)
            _log.warning(
                "%s is in the feed but cannot be fetched; the next sync tries again", sighting.accession, extra=facts
            )
            return
        archive.catalogue.sightings.try_again(sighting.accession, at=self._clock() + timedelta(seconds=wait_s))

    def _match(self, archive: Archive) -> int:
        """Record the deliveries of stored filings for every sink; returns the number of alerts."""
        stored = archive.catalogue.sightings.of("stored")
        if not stored:
            return 0
        accessions = [one.accession for one in stored]
        entries = {one.accession: {"accepted": None, **one.entry} for one in stored}
        now = self._clock()
        if not is_index(archive.index_path):
            index_after(archive, SyncReport(), self._settings)
        with Library(settings=self._settings) as library:
            alerts = list(self._alerts.of(library, accessions, entries))
        deliveries = [
            Delivery(
                id=alert.id,
                sink=sink.key,
                accession=alert.accession,
                search=alert.search,
                payload=alert.payload,
                created_at=now,
                next_try_at=sink.ready_at(now),
            )
            for alert in alerts
            for sink in self._sinks
        ]
        matched = [accession for accession in accessions if accession not in self._alerts.unread]
        archive.catalogue.deliveries.add(deliveries, matched=matched)
        return len(alerts)

    def _forget(self, archive: Archive, settled: Settled) -> None:
        """Remove filings finished long ago, but none that an index still to be read may list."""
        before = self._clock() - REMEMBER
        archive.catalogue.sightings.forget(seen_before=min(before, settled.needs_since), keep=KEEP)
        archive.catalogue.deliveries.forget(created_before=before)


def _ref(sighting: Sighting) -> SubmissionRef:
    entry = sighting.entry
    party = next(iter(entry["parties"]), {"cik": 0})
    return SubmissionRef(
        sighting.accession, FormType(entry["form"]), parse_date(entry["filing_date"]), Cik(party["cik"]), listed=False
    )
