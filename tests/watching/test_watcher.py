"""A watch on a loopback EDGAR: nothing missed, nothing told twice, whatever the feed does."""

from __future__ import annotations

import asyncio
import contextlib
import tracemalloc
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from archiver.errors import BlockedError, LockedError, UnreachableError, UsageError
from archiver.identifiers import AccessionNumber
from archiver.listings import current_feed
from archiver.selection.selection import Selection
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive import Library, SearchOptions
from edgarchive.watching import watcher
from edgarchive.watching.alerts import Alerts
from edgarchive.watching.delivering import Deliverer
from edgarchive.watching.run import watch
from edgarchive.watching.searches import NamedSearch, save_search
from edgarchive.watching.watcher import TEXT_RETRY_S, PollReport, Watcher
from tests.loopback import LoopbackEdgar
from tests.loopback import faults as f
from tests.paths import INVENTED
from tests.watching.tools import ALL, PAGE, Clock, KeepingSink, filing, missed_by_the_feed, poll


async def test_the_first_poll_tells_nothing(settings: Settings, sink: KeepingSink, clock: Clock) -> None:
    """What the feed has when the watch begins is known, and fetched by no one."""
    report = await poll(settings, sink, clock)
    assert report.is_first
    assert (sink.got, report.stored) == ([], 0)


async def test_a_first_feed_whose_later_pages_are_refused(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """What EDGAR had accepted before the filings that it showed is not new when it shows the rest; all later is."""
    for number in range(1, 4 * PAGE):
        edgar.add(filing(number, accepted=f"2026011205{number:02d}00"))
    edgar.end_feed_at(0)
    assert (await poll(settings, sink, clock)).is_first
    edgar.end_feed_at(current_feed.LAST_START)
    requests = len(edgar.requests)
    assert not (await poll(settings, sink, clock)).has_gap
    assert len(edgar.requests) == requests + 1
    later = [edgar.add(filing(100 + number)) for number in range(2 * PAGE + 3)]
    report = await poll(settings, sink, clock)
    assert (report.has_gap, report.pages) == (False, 4)
    assert sorted(sink.accessions) == later


async def test_a_new_filing_is_told_of_once(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """It is stored through the checked path, searchable, and delivered exactly once."""
    await poll(settings, sink, clock)
    accession = edgar.add(filing(1))
    report = await poll(settings, sink, clock)
    for _ in range(3):
        await poll(settings, sink, clock)
    assert (report.new, report.stored, report.alerts) == (1, 1, 1)
    assert sink.accessions == [accession]
    payload = sink.got[0]
    assert set(payload) == {
        "id", "search", "accession", "form", "filing_date", "accepted", "items", "entities", "snippet", "url"
    }  # fmt: skip
    assert payload["search"] is None
    assert payload["accepted"].endswith(("-05:00", "-04:00"))
    with Library(settings=settings) as library:
        assert [hit.accession for hit in library.search("resigned", form="8-K")] == [accession]
        assert library.log()[0].verb == "watch"


async def test_one_request_when_nothing_is_new(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """A quiet poll asks one question."""
    await poll(settings, sink, clock)
    before = len(edgar.requests)
    await poll(settings, sink, clock)
    assert len(edgar.requests) == before + 1


async def test_only_what_is_selected_is_fetched(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """By form, and by any party's CIK; filing dates choose nothing."""
    chosen = Selection(["8-K"], ciks=[9000004], since="2030-01-01")
    await poll(settings, sink, clock, selection=chosen)
    wanted = edgar.add(filing(1))
    edgar.add(filing(2, form="10-Q"))
    edgar.add(filing(3, cik=77))
    await poll(settings, sink, clock, selection=chosen)
    assert sink.accessions == [wanted]


async def test_a_saved_search_chooses_what_is_told(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """Every selected filing is stored; only what the search finds is told, with its passage."""
    search = NamedSearch("departures", SearchOptions("resign* NEAR/5 officer"), "catalogue")
    await poll(settings, sink, clock, searches=[search])
    found = edgar.add(filing(1))
    other = edgar.add(filing(2, text="was elected"))
    report = await poll(settings, sink, clock, searches=[search])
    assert report.stored == 2
    assert sink.accessions == [found]
    assert sink.got[0]["search"] == "departures"
    assert "<em>" in sink.got[0]["snippet"]
    with Library(settings=settings) as library:
        assert library.record(other).indexed


async def test_a_saved_search_may_name_a_ticker(
    settings: Settings, sink: KeepingSink, clock: Clock, tmp_path: Path
) -> None:
    """EDGAR's list is read for it, once; a ticker that it lacks is an error at once, and later holds up no other."""
    of_company = NamedSearch("teal", SearchOptions(ticker=["TSGD"]), "catalogue")
    by_query = NamedSearch("query", SearchOptions("resigned ticker:tsgd"), "catalogue")
    unknown = NamedSearch("unknown", SearchOptions(ticker=["NOPE"]), "catalogue")
    with LoopbackEdgar(sorted(INVENTED.glob("*.txt"))[:1], tickers={"TSGD": 9000004}) as edgar:
        own = settings.replace(base_url=edgar.base_url, root=tmp_path / "own")
        with pytest.raises(UsageError, match="NOPE"):
            await poll(own, sink, clock, searches=[of_company, unknown])
        await poll(own, sink, clock, searches=[of_company, by_query])
        before = len(edgar.requests)
        await poll(own, sink, clock, searches=[of_company, by_query])
        assert len(edgar.requests) == before + 1
        found, _ = edgar.add(filing(1)), edgar.add(filing(2, cik=77))
        await poll(own, sink, clock, searches=[of_company, by_query])
        assert sorted((one["search"], one["accession"]) for one in sink.got) == [("query", found), ("teal", found)]
        with pytest.raises(UsageError, match="NOPE"):
            save_search(own, "unknown", None, {"ticker": ["NOPE"]})
    with Library(settings=own) as library:
        alerts = list(Alerts([unknown, of_company]).of(library, [AccessionNumber(found)], {}))
    assert [alert.search for alert in alerts] == ["teal"]


async def test_a_watch_started_again_with_another_ticker_checks_it(
    settings: Settings, sink: KeepingSink, clock: Clock, tmp_path: Path
) -> None:
    """A mistyped ticker is an error at once, not when the next filing appears, hours later: it would select nothing."""
    with LoopbackEdgar(sorted(INVENTED.glob("*.txt"))[:1], tickers={"TSGD": 9000004}) as edgar:
        own = settings.replace(base_url=edgar.base_url, root=tmp_path / "own")
        await poll(own, sink, clock, selection=Selection(ticker="TSGD"))
        for ticker in ("TSGDD", "TSGD,MLAN"):
            with pytest.raises(UsageError, match=ticker):
                await poll(own, sink, clock, selection=Selection(ticker=["TSGD", ticker]))
        await poll(own, sink, clock, selection=Selection(ticker="TSGD"))


@pytest.mark.parametrize(
    ("form", "near"), [("4K", None), ("8K", "8-K"), ("8k*", "8-K"), ("Form 8K", "8-K"), ("8-K", None), ("8-K12B", None)]
)
async def test_a_form_without_its_signs_is_warned_of_once(
    edgar: LoopbackEdgar,
    settings: Settings,
    sink: KeepingSink,
    clock: Clock,
    *,
    caplog: pytest.LogCaptureFixture,
    form: str,
    near: str | None,
) -> None:
    """It would select nothing for ever. A form that EDGAR has not seen for a day is no mistake."""
    edgar.add(filing(1))
    async with Watcher(settings, Selection(form), sinks=[sink], clock=clock) as watcher:
        for _ in range(2):
            await watcher.poll()
    warned = [one.getMessage() for one in caplog.records if getattr(one, "event", None) == "form-unknown"]
    assert warned == ([f"no filing in EDGAR's feed has the form {form}; did you mean {near}?"] if near else [])


@pytest.mark.parametrize("fault", [f.feed_duplicates, f.feed_wrong_order, f.feed_grows])
async def test_the_feeds_quirks_lose_and_repeat_nothing(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock, fault: object
) -> None:
    """Repeated entries, entries out of order, and pages that shift while they are read."""
    await poll(settings, sink, clock)
    expected = []
    for batch in range(3):
        expected += [edgar.add(filing(batch * 25 + number)) for number in range(1, 26)]
        edgar.inject(fault(), path="/cgi-bin/browse-edgar*", times=None)  # type: ignore[operator]
        await poll(settings, sink, clock)
        edgar.clear_faults()
    await poll(settings, sink, clock)
    assert sorted(sink.accessions) == sorted(expected)


BUSIEST_MINUTE = 57
"""Submissions in the busiest minute of the feed as measured (docs/edgar.md); peak season has up to four times that."""


def _parties(number: int) -> int:
    """Each tenth filing has several parties, and so as many entries in the feed; once as many as were measured."""
    return 57 if number == 10 else 3 if number % 10 == 0 else 1


async def test_days_of_four_times_the_busiest_minute(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bursts, several parties, late texts, quirks of the feed, a refused poll, a gap of two days: each comes once."""
    monkeypatch.setattr(current_feed, "PAGE_ENTRIES", 100)  # as it is
    quirks = [f.feed_duplicates, f.feed_wrong_order, f.feed_grows]
    expected: list[str] = []
    held: list[str] = []
    await poll(settings, sink, clock)

    def arrive(count: int) -> None:
        numbers = range(len(expected) + 1, len(expected) + 1 + count)
        new = [edgar.add(filing(number, parties=_parties(number))) for number in numbers]
        for late in new[::40]:
            edgar.hold_text(late)
            held.append(late)
        expected.extend(new)

    for minute, count in enumerate((3, 4 * BUSIEST_MINUTE, 0, 20, 0)):
        clock.advance(60)
        arrive(count)
        if minute == 3:
            edgar.inject(f.feed_unavailable_503(), path="/cgi-bin/browse-edgar*", times=None)
            with pytest.raises(UnreachableError):
                await poll(settings, sink, clock)
            edgar.clear_faults()
        edgar.inject(quirks[minute % len(quirks)](), path="/cgi-bin/browse-edgar*", times=None)
        await poll(settings, sink, clock)
        edgar.clear_faults()
    clock.advance(2 * 24 * 3600)
    arrive(105)
    edgar.end_feed_at(0)
    assert (await poll(settings, sink, clock)).has_gap
    edgar.end_feed_at(5000)
    for late in held:
        edgar.hold_text(late, held=False)
    for _ in range(3):
        clock.advance(TEXT_RETRY_S + 1)
        await poll(settings, sink, clock)
    asked = len(edgar.requests)
    for _ in range(5):
        clock.advance(60)
        await poll(settings, sink, clock)
    assert len(edgar.requests) == asked + 5
    assert sorted(sink.accessions) == sorted(expected)


async def test_the_filings_of_months_are_told_of_in_portions(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is fetched is told of before all is: a refusal or a kill then keeps no alert back."""
    monkeypatch.setattr(watcher, "AT_ONCE", 2)
    await poll(settings, sink, clock)
    expected = [edgar.add(filing(number)) for number in range(1, 8)]
    edgar.inject(f.block_page_403(), path=expected[-1], times=None)
    for refused in (True, False):
        with pytest.raises(BlockedError) if refused else contextlib.nullcontext():
            await poll(settings.replace(block_pause_s=0.1), sink, clock)
        await Deliverer(settings, [sink], clock=clock).deliver()
        assert sorted(sink.accessions) == expected[: 6 if refused else 7]
        edgar.clear_faults()


async def test_a_gap_is_filled_from_the_daily_index(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the feed no longer reaches back to what is known, the index of those days does."""
    await poll(settings, sink, clock)
    expected = missed_by_the_feed(edgar)
    report = await poll(settings, sink, clock)
    assert report.has_gap
    assert "gap" in caplog.text
    assert sorted(sink.accessions) == sorted(expected)


async def test_a_gap_that_cannot_be_filled_is_filled_later(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """EDGAR refuses its index while the feed shows the gap, which no later poll sees."""
    settings = settings.replace(block_pause_s=0.1)
    await poll(settings, sink, clock)
    expected = missed_by_the_feed(edgar)
    edgar.inject(f.block_page_403(), path="*/daily-index/*", times=None)
    with pytest.raises(BlockedError):
        await poll(settings, sink, clock)
    edgar.clear_faults()
    clock.advance(86_400)
    await poll(settings, sink, clock)
    assert sorted(sink.accessions) == sorted(expected)


async def test_a_gap_begins_on_edgars_day(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """Late in its evening, the next day has begun in UTC; what is filed until 22:00 may have the date of this one."""
    clock.advance(10.5 * 3600)  # 01:30 in UTC, 20:30 Eastern
    await poll(settings, sink, clock)
    expected = missed_by_the_feed(edgar)
    clock.advance(2 * 86_400)
    report = await poll(settings, sink, clock)
    assert report.has_gap
    assert sorted(sink.accessions) == sorted(expected)


async def test_a_short_feed_that_reaches_back_has_no_gap(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """Its last page has new and known filings: nothing was missed between them."""
    await poll(settings, sink, clock)
    accession = edgar.add(filing(1))
    report = await poll(settings, sink, clock)
    assert (report.has_gap, sink.accessions) == (False, [accession])


async def test_a_poll_is_stopped_where_it_is(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """However long EDGAR takes, or pauses after a block; the next watch goes on from there."""
    await poll(settings, sink, clock)
    accessions = [edgar.add(filing(number)) for number in range(1, 5)]
    edgar.inject(f.slow_first_byte(delay_s=90), path=accessions[2], times=None)
    stop = asyncio.Event()
    async with Watcher(settings, ALL, sinks=[sink], clock=clock) as watching:
        running = asyncio.create_task(
            watch(watching, Deliverer(settings, [sink], clock=clock), clock=clock, stop=stop), name="watch"
        )
        while not any(accessions[2] in request.path for request in edgar.requests):  # noqa: ASYNC110 — another thread
            await asyncio.sleep(0.01)
        stop.set()
        await asyncio.wait_for(running, 20)
    edgar.clear_faults()
    await poll(settings, sink, clock)
    assert sorted(sink.accessions) == accessions


async def test_a_long_backfill_takes_little_memory(
    edgar: LoopbackEdgar, settings: Settings, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The filings of years are recorded some at a time."""
    for number in range(1, 2_001):
        edgar.add(filing(number))
    peaks = []
    for at_once in (10_000, 50):
        monkeypatch.setattr(watcher, "AT_ONCE", at_once)
        mine = replace(settings, root=settings.root.with_name(f"archive-{at_once}"))
        with Archive.open(mine.root, writable=True, create=True) as archive:
            async with Watcher(mine, ALL, clock=clock) as watching:
                tracemalloc.start()
                assert await watching._from_index(archive, date(2026, 1, 1)) == 2_000
                peaks.append(tracemalloc.get_traced_memory()[1])
                tracemalloc.stop()
    assert peaks[1] < peaks[0] / 2


async def test_backfill_tells_of_what_was_filed_before(
    settings: Settings, sink: KeepingSink, clock: Clock, edgar: LoopbackEdgar
) -> None:
    """With a date, what was filed since then and is not stored yet is told of, once."""
    accession = edgar.add(filing(1))
    await poll(settings, sink, clock, backfill=date(2026, 1, 1))
    await poll(settings, sink, clock, backfill=date(2026, 1, 1))
    assert sink.accessions == [accession]


async def test_trouble_at_the_start_of_the_feed_is_trouble(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """A 503 for the first page is an error, and the next poll has everything."""
    await poll(settings, sink, clock)
    accession = edgar.add(filing(1))
    edgar.inject(f.feed_unavailable_503(), path="/cgi-bin/browse-edgar*", times=None)
    with pytest.raises(UnreachableError):
        await poll(settings, sink, clock)
    edgar.clear_faults()
    await poll(settings, sink, clock)
    assert sink.accessions == [accession]


async def test_an_archive_that_is_being_written_to_is_waited_for(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """The poll says so, and the next one has everything."""
    await poll(settings, sink, clock)
    accession = edgar.add(filing(1))
    with Archive.open(settings.root, writable=True), pytest.raises(LockedError):
        await poll(settings, sink, clock)
    await poll(settings, sink, clock)
    assert sink.accessions == [accession]


async def test_filings_that_come_before_a_first_poll_could_write_are_new(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """A watch may begin during a long sync; only what the feed had when the watch began is known."""
    async with Watcher(settings, ALL, sinks=[sink], clock=clock) as watcher:
        with Archive.open(settings.root, writable=True, create=True), pytest.raises(LockedError):
            await watcher.poll()
        accession = edgar.add(filing(1))
        report = await watcher.poll()
        assert (report.new, report.stored, report.alerts) == (1, 1, 1)
        assert (await watcher.poll()).new == 0
    with Archive.open(settings.root) as archive:
        assert [one.accession for one in archive.catalogue.sightings.of("done")] == [accession]


async def test_an_archive_has_one_watch(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """A second one is refused, also while the first is between polls: it would take what it sees for known."""
    async with Watcher(settings, Selection(["8-K"]), sinks=[sink], clock=clock) as first:
        await first.poll()
        with pytest.raises(LockedError, match="another `edgarchive watch` watches"):
            await poll(settings, KeepingSink("other"), clock, selection=Selection(["4"]))
        edgar.add(filing(1))
        assert (await first.poll()).alerts == 1
    await poll(settings, sink, clock)
    assert len(sink.got) == 1


async def test_a_clock_that_was_wrong_for_a_month_tells_nothing_twice(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """Set on by a month and back again: what was told of stays known, and what is new then is told of."""
    await poll(settings, sink, clock)
    expected = [edgar.add(filing(1))]
    await poll(settings, sink, clock)
    clock.advance(30 * 24 * 3600)
    expected.append(edgar.add(filing(2)))
    await poll(settings, sink, clock)
    late = edgar.add(filing(3))
    edgar.hold_text(late)
    await poll(settings, sink, clock)
    clock.advance(-30 * 24 * 3600)
    edgar.hold_text(late, held=False)
    expected += [late, edgar.add(filing(4))]
    for _ in range(2):
        await poll(settings, sink, clock)
    assert sink.accessions == expected


@pytest.mark.parametrize(
    ("began", "lasts_s", "set_on_s", "polls"),
    [
        ("2026-03-08T00:30-05:00", 10_800, 0, 19),  # daylight saving begins at two: a poll each ten minutes
        ("2026-11-01T00:30-04:00", 10_800, 0, 19),  # and ends
        ("2026-01-12T10:00-05:00", 1_800, -7_200, 31),  # a Monday, each minute; the clock is set back by two hours
        ("2026-03-08T04:30-04:00", 10_800, 7_200, 19),  # it is set on
    ],
)
def test_polls_go_on_whatever_the_clock_does(  # noqa: PLR0917
    settings: Settings, clock: Clock, began: str, lasts_s: int, set_on_s: int, polls: int
) -> None:
    """In nights of daylight saving, and where the clock is set half way."""
    clock.advance((datetime.fromisoformat(began) - clock()).total_seconds())
    told: list[PollReport] = []

    async def play() -> None:
        stop, passed_s = asyncio.Event(), 0

        async def sleep(_: float) -> None:
            nonlocal passed_s
            clock.advance(20)
            passed_s += 20
            if passed_s == lasts_s // 2:
                clock.advance(set_on_s)
            if passed_s > lasts_s:
                stop.set()

        async with Watcher(settings, ALL, clock=clock) as watcher:
            deliverer = Deliverer(settings, [], clock=clock)
            await watch(watcher, deliverer, on_poll=told.append, stop=stop, clock=clock, sleep=sleep)

    asyncio.run(play())
    assert abs(len(told) - polls) <= 1
