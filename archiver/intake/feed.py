"""EDGAR's Feed: all submissions of a day in one tar archive, streamed into the archive.

``Feed/{year}/QTR{n}/{YYYYMMDD}.nc.tar.gz`` holds ``{accession}.nc`` for each submission, in the tagged spelling, frozen
at dissemination, and ``{accession}.pc`` for post-acceptance corrections (PDS Technical Specification).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime

from archiver.checks.header_facts import HeaderFacts, head_of, read_header_facts
from archiver.edgar.endpoints import Quarter, quarters
from archiver.edgar.session import Edgar
from archiver.errors import AbsentError, DamagedBodyError, FetchError, IdentifierError, UsageError
from archiver.events import event
from archiver.identifiers import AccessionNumber
from archiver.intake.bulk import BulkIntake, IntakeResult
from archiver.intake.download import FeedStream
from archiver.intake.records import ref_of
from archiver.intake.single import store_version
from archiver.listings.cache import IndexCache
from archiver.listings.folders import Listed
from archiver.listings.reader import FullIndex
from archiver.planning.plan import FIRST_FEED_DAY, Outcome
from archiver.planning.planner import fingerprint
from archiver.planning.read_listings import span, without_tickers
from archiver.planning.tally import Tally
from archiver.redaction import quoted
from archiver.reports import FeedEstimate, SyncFailure
from archiver.selection.selection import Selection
from archiver.settings.settings import Settings
from archiver.startup.patterns import lazy_pattern
from archiver.store.archive import Archive
from archiver.streams.chunks import ChunkReader
from archiver.streams.decoding import gunzip
from archiver.streams.tar import TarMember, tar_members

_log = logging.getLogger(__name__)

AVERAGE_DAY_BYTES = 1_070_000_000
"""Size of a daily archive: 4.4 TB for the 4,100 business days from 2010 to 2026."""
_ASSUMED_BYTES_PER_S = 10_000_000
"""Assumed speed of a connection, for estimates only."""

_NAME = lazy_pattern(r"(\d{8})\.nc\.tar\.gz")
_CORRECTION = lazy_pattern(r"(?:^|/)(\d{10}-\d{2}-\d{6})\.pc$")
_MOST_MEMBERS = 200_000
"""Members of one day; the busiest has 15,000 submissions."""
_MOST_CORRECTION_BYTES = 16 << 20
_MOST_AFTER_BYTES = 64 << 20
"""Padding allowed after the end of a tar archive."""


def faster_feed(days: int, *, requests: int, rate: float) -> FeedEstimate | None:
    """The cost of `days` of the Feed if they are probably faster than single `requests`; otherwise None."""
    size = days * AVERAGE_DAY_BYTES
    estimate = FeedEstimate(days, size, days / rate + size / _ASSUMED_BYTES_PER_S)
    return estimate if days and estimate.estimated_s < requests / rate else None


def feed_days(listed: Mapping[str, Listed], quarter: Quarter) -> dict[date, Listed]:
    """The days in a quarter's folder of the Feed, from the names in its list."""
    days: dict[date, Listed] = {}
    for name, file in listed.items():
        if match := _NAME.fullmatch(name):
            try:
                day = datetime.strptime(match[1], "%Y%m%d").date()  # noqa: DTZ007 — a day, not a time
            except ValueError:
                continue
            if Quarter.of(day) == quarter:
                days[day] = file
    return days


async def sync_feed(
    edgar: Edgar,
    archive: Archive,
    selections: Sequence[Selection],
    tally: Tally,
    *,
    settings: Settings,
) -> None:
    """Add to `archive`, open for writing, what `selections` select from the Feed, newest day first.

    Outcomes go to `tally` and its plan. A finished quarter whose days EDGAR does not list is a failure, and so is a day
    that cannot be read to its end; what it delivered until then stays. Raises `UsageError` (a limit, an unknown
    ticker), `BlockedError`, `UnreachableError`, `StorageError`.
    """
    if any(selection.limit is not None for selection in selections):
        raise UsageError("limit selects the newest filings, so it works only with the index", "leave out the limit")
    today = datetime.now(UTC).date()
    index = FullIndex(edgar, IndexCache(archive), today=today)
    selections = await without_tickers(selections, index)
    first, last = span(selections, today=today)
    if first is None or first < FIRST_FEED_DAY:
        _log.warning(
            "the Feed begins on %s; what was filed before is in the index only",
            FIRST_FEED_DAY,
            extra=event("feed-begins", first_day=str(FIRST_FEED_DAY)),
        )
    first = max(first or FIRST_FEED_DAY, FIRST_FEED_DAY)
    key = f"feed {fingerprint(selections)}"
    wanted = list(quarters(first, last))
    for quarter in wanted:
        if not await index.is_published(quarter, wanted=len(wanted), trees=("Feed",)):
            continue
        folder = f"Feed/{quarter.folder}"
        listed = await index.listed(folder, why="which days the Feed has")
        if listed is None and index.readings.is_settled(quarter):  # the Feed has days of each
            url = edgar.endpoints.below_edgar(folder)
            tally.fail(SyncFailure(None, url, AbsentError.__name__, "EDGAR does not list its days"))
        for day, file in sorted(feed_days(listed or {}, quarter).items(), reverse=True):
            if not first <= day <= last:
                continue
            done = archive.catalogue.checkpoints.get(key, str(day), file.stamp)
            if done is not None and archive.has_all(day, day, quarter=""):
                tally.finished_before += done
                continue
            url = edgar.endpoints.below_edgar(f"{folder}/{file.name}")
            run = _Day(archive, selections, tally, url=url, settings=settings)
            await _read_in_thread(FeedStream(edgar, url), run.read)
            if not run.failed:
                archive.catalogue.checkpoints.set(key, str(day), file.stamp, planned=run.planned)


async def _read_in_thread(stream: FeedStream, read: Callable[[Iterator[bytes]], None]) -> None:
    """Run `read` on the stream's pieces in a thread; a cancelled task waits for the thread."""
    asking = asyncio.create_task(stream.fetch())
    reading = asyncio.ensure_future(asyncio.to_thread(read, stream.pieces()))
    try:
        await asyncio.shield(reading)
    finally:
        asking.cancel()
        await asyncio.gather(asking, reading, return_exceptions=True)


class _Day:
    """One day of the Feed being added to the archive."""

    def __init__(
        self,
        archive: Archive,
        selections: Sequence[Selection],
        tally: Tally,
        *,
        url: str,
        settings: Settings,
    ) -> None:
        self._archive = archive
        self._selections = selections
        self._plan = tally.plan
        self._tally = tally
        self._url = url
        self._settings = settings
        self._stored: list[AccessionNumber] = []
        self._damaged = False
        self.planned = 0
        self.failed = False

    def read(self, pieces: Iterator[bytes]) -> None:
        """Read the day's archive to its end, or up to damage, which is a failure of the day."""
        reader = ChunkReader(gunzip(pieces))
        with BulkIntake(
            self._archive,
            self._note_outcome,
            source="feed",
            url=self._url,
            jobs=self._settings.jobs,
            max_bytes=self._settings.max_submission_bytes,
        ) as intake:
            try:
                for member in tar_members(reader, most=_MOST_MEMBERS):
                    self._take(member, intake)
                if reader.skip(_MOST_AFTER_BYTES) == _MOST_AFTER_BYTES:
                    raise DamagedBodyError("too many bytes follow the end of the archive")
            except FetchError as error:
                self._fail(None, error)
                self._damaged = isinstance(error, DamagedBodyError)
        for accessions in self._plan.of(Outcome.MISSING):  # the archive ended in the middle of one
            for accession in accessions:
                self._fail(accession, DamagedBodyError("its archive file ends in the middle of it"))
        if self._damaged:
            self._discard_stored()

    def _take(self, member: TarMember, intake: BulkIntake) -> None:
        self._tally.cancel.check()
        if not member.is_file:
            self._fail(None, DamagedBodyError(f"{_shown(member)} is not a regular file, and was skipped"))
            return
        if match := _CORRECTION.search(member.name):
            self._note_correction(AccessionNumber(match[1]), member)
            return
        reader = ChunkReader(member.content)
        try:
            facts = read_header_facts(head_of(reader))
        except IdentifierError as error:
            self._fail(None, DamagedBodyError(f"{_shown(member)} is not a submission: {error.message}"))
            return
        if not any(selection.matches(row) for row in facts.rows() for selection in self._selections):
            return
        if self._plan.outcome(facts.accession) is not None:  # twice in the Feed: the first one counts
            return
        self._plan.add([ref_of(facts)])
        if intake.has(facts):
            self._plan.mark([facts.accession], Outcome.PRESENT)
        else:
            intake.take(facts, reader.portions())
        self.planned += 1
        self._tally.tell("fetching")

    def _note_outcome(self, facts: HeaderFacts, taken: IntakeResult) -> None:
        self._plan.mark([facts.accession], taken.outcome)
        if taken.error is not None:
            self._fail(facts.accession, taken.error)
            return
        self._stored.append(facts.accession)
        self._tally.bytes += taken.size
        self._tally.tell("fetching")

    def _discard_stored(self) -> None:
        """Remove what a damaged archive delivered: gzip's checksum at its end was the proof for all of it."""
        for accession in self._stored:
            record = self._archive.record(accession)
            self._archive.take_out(accession, reason="what brought it is damaged")
            self._tally.bytes -= record.size
            self._fail(accession, DamagedBodyError("its archive file is damaged"))

    def _fail(self, accession: AccessionNumber | None, error: Exception) -> None:
        facts = event("refused", accession=accession, url=self._url, error=type(error).__name__)
        _log.warning("%s: %s", accession or self._url, error, extra=facts)
        self.failed = True
        failure = SyncFailure(accession, self._url, type(error).__name__, str(error))
        self._tally.fail(failure)

    def _note_correction(self, accession: AccessionNumber, member: TarMember) -> None:
        """Store a post-acceptance correction beside its submission."""
        if accession not in self._archive.catalogue:
            return
        if member.size > _MOST_CORRECTION_BYTES:
            self._fail(None, DamagedBodyError(f"{_shown(member)} is too large for a correction: {member.size} bytes"))
            return
        store_version(
            self._archive, accession, b"".join(member.content), kind="correction", source="feed", url=self._url
        )


def _shown(member: TarMember) -> str:
    return f"'{quoted(member.name)}'"
