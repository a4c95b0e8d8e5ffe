"""Texts that EDGAR serves some time after their entries in the feed, or never."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from archiver.identifiers import AccessionNumber
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive.watching.watcher import FAILED_RETRY_S, TEXT_ATTEMPTS, TEXT_RETRY_S
from tests.loopback import LoopbackEdgar
from tests.loopback import faults as f
from tests.watching.tools import Clock, KeepingSink, filing, poll


async def failing_text(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock, *, attempts: int
) -> str:
    """A filing, due, whose text EDGAR fails to serve, after so many attempts; returns its accession number."""
    await poll(settings, sink, clock)
    accession = edgar.add(filing(1))
    edgar.hold_text(accession)
    await poll(settings, sink, clock)
    edgar.hold_text(accession, held=False)
    edgar.inject(f.wrong_etag(), path=accession, times=None)
    with Archive.open(settings.root, writable=True) as archive:
        for _ in range(attempts - 1):
            archive.catalogue.sightings.try_again(AccessionNumber(accession), at=clock())
    return accession


async def test_a_text_that_comes_late_is_asked_for_again(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """It is pending until its text is there, and asked for no sooner than two minutes on."""
    await poll(settings, sink, clock)
    accession = edgar.add(filing(1))
    edgar.hold_text(accession)
    assert (await poll(settings, sink, clock)).pending == 1
    edgar.hold_text(accession, held=False)
    asked = len(edgar.requests_for("/Archives/edgar/data"))
    await poll(settings, sink, clock)
    assert len(edgar.requests_for("/Archives/edgar/data")) == asked
    clock.advance(TEXT_RETRY_S + 1)
    await poll(settings, sink, clock)
    assert sink.accessions == [accession]


async def test_a_text_that_never_comes_is_left_to_the_sync(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """After ten attempts it is pending no more."""
    await poll(settings, sink, clock)
    edgar.hold_text(edgar.add(filing(1)))
    reports = []
    for _ in range(TEXT_ATTEMPTS + 2):
        reports.append(await poll(settings, sink, clock))
        clock.advance(TEXT_RETRY_S + 1)
    assert [report.pending for report in reports].count(1) == TEXT_ATTEMPTS - 1
    assert reports[-1].pending == 0


async def test_a_text_that_comes_late_is_told_of_in_the_evening(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """Once the index of the day lists its filing, it is asked for again."""
    await poll(settings, sink, clock)
    accession = edgar.add(filing(1))
    edgar.hold_text(accession)
    for _ in range(TEXT_ATTEMPTS):
        report = await poll(settings, sink, clock)
        clock.advance(TEXT_RETRY_S)
    assert report.pending == 0
    edgar.hold_text(accession, held=False)
    clock.advance(13 * 3600)
    for _ in range(3):
        await poll(settings, sink, clock)
    assert sink.accessions == [accession]


async def test_an_outage_of_the_texts_costs_no_alert(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """Ten attempts are for a text that is not there; where EDGAR fails to serve it, the watch goes on for a day."""
    settings = settings.replace(block_pause_s=0.1)
    accession = await failing_text(edgar, settings, sink, clock, attempts=TEXT_ATTEMPTS - 1)
    for _ in range(2):
        assert (await poll(settings, sink, clock)).pending == 1
        clock.advance(TEXT_RETRY_S)
    edgar.clear_faults()
    clock.advance(FAILED_RETRY_S)
    await poll(settings, sink, clock)
    assert sink.accessions == [accession]


class RunningClock(Clock):
    """Goes on by `step_s` whenever it is read."""

    def __init__(self, moment: datetime, step_s: float) -> None:
        super().__init__(moment, timedelta())
        self._step_s = step_s

    def __call__(self) -> datetime:
        """The moment."""
        self.advance(self._step_s)
        return super().__call__()


@pytest.mark.parametrize("step_s", [1, 900])
async def test_a_text_that_fails_for_long_is_tried_once_in_a_poll(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock, step_s: float
) -> None:
    """The longest wait, counted from after a failure, is none of a clock since set back; a poll may last longer."""
    settings = settings.replace(block_pause_s=0.1)
    await failing_text(edgar, settings, sink, clock, attempts=TEXT_ATTEMPTS + 1)
    await poll(settings, sink, RunningClock(clock(), step_s))
    with Archive.open(settings.root) as archive:
        [sighting] = archive.catalogue.sightings.of("pending")
    assert sighting.attempts == TEXT_ATTEMPTS + 2
