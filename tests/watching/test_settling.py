"""What the feed does not show, the daily indexes do: every filing since the watch began is told of, once."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace
from datetime import date, datetime

import pytest

from archiver.catalogue.catalogue import Catalogue
from archiver.identifiers import AccessionNumber, FormType
from archiver.listings.current_feed import CurrentFiling
from archiver.selection.selection import Selection
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive import repair_archive, sync_archive
from edgarchive.watching.schedule import EASTERN, last_published
from edgarchive.watching.settling import RETRY, Settled
from tests.loopback import LoopbackEdgar
from tests.loopback import faults as f
from tests.watching.tools import PAGE, Clock, KeepingSink, filing, missed_by_the_feed, poll

HOUR, DAY = 3600, 86_400
LIST = "/Archives/edgar/daily-index/2026/QTR1/index.json"


def hide_daily_indexes(edgar: LoopbackEdgar) -> None:
    """As before the evening, when EDGAR publishes the day's."""
    edgar.inject(f.absent_403(), path="*/daily-index/*", times=None)


def current(accepted: datetime) -> CurrentFiling:
    """A filing in the feed."""
    number = AccessionNumber("0009000999-26-000001")
    return CurrentFiling(number, FormType("8-K"), accepted.date(), accepted, (), ())


async def test_a_gap_of_today_is_filled_in_the_evening(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """Until then there is no index of the day, and no later poll sees the gap."""
    await poll(settings, sink, clock)
    hide_daily_indexes(edgar)
    expected = [edgar.add(filing(number)) for number in range(1, PAGE + 5)]
    edgar.end_feed_at(0)
    assert (await poll(settings, sink, clock)).has_gap
    assert len(sink.accessions) == PAGE
    edgar.end_feed_at(5000)
    clock.advance(12 * HOUR)
    assert not (await poll(settings, sink, clock)).has_gap
    edgar.clear_faults()
    before = len(edgar.requests)
    await poll(settings, sink, clock)
    assert len(edgar.requests) == before + 1
    clock.advance(HOUR)
    await poll(settings, sink, clock)
    assert sorted(sink.accessions) == sorted(expected)


async def test_what_a_sync_has_stored_is_told_of(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """The nightly sync may come before the watch to what the feed missed; it tells nobody."""
    await poll(settings, sink, clock)
    expected = missed_by_the_feed(edgar)
    sync_archive(Selection(["*"], since="2026-01-01"), settings=settings)
    clock.advance(DAY)
    report = await poll(settings, sink, clock)
    assert report.stored == 0
    assert sorted(sink.accessions) == sorted(expected)


async def test_filing_dates_choose_nothing(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """A daily index lists what was published on its day, some of it dated months earlier; the feed may lack it."""
    await poll(settings, sink, clock)
    edgar.end_feed_at(0)
    new = [edgar.add(filing(number)) for number in range(1, PAGE + 1)]
    await poll(settings, sink, clock)
    late = edgar.add(filing(500, form="UPLOAD", filed="20251120"), published=date(2026, 1, 12))
    clock.advance(DAY)
    await poll(settings, sink, clock)
    assert sorted(sink.accessions) == sorted([*new, late])


async def test_an_entry_that_cannot_be_read_is_told_of_in_the_evening(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """The index lists its filing."""
    await poll(settings, sink, clock)
    accession = edgar.add(filing(1))
    entry = b"<updated>2026-01-12T10:00:00-05:00</updated>\n<category"
    spoilt = f.Fault("no time", alter=lambda answer: replace(answer, body=answer.body.replace(entry, b"<category")))
    edgar.inject(spoilt, path="/cgi-bin/browse-edgar*", times=None)
    await poll(settings, sink, clock)
    assert sink.accessions == []
    clock.advance(DAY)
    await poll(settings, sink, clock)
    assert sink.accessions == [accession]


async def test_a_feed_of_which_nothing_can_be_read_costs_few_requests(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """As if EDGAR had changed its format: the indexes say everything, each once, in the evening."""
    await poll(settings, sink, clock)
    edgar.inject(
        f.Fault("new", alter=lambda one: replace(one, body=_without_entries(one.body))), path="/cgi-bin/*", times=None
    )
    expected = []
    for day in range(12, 16):
        expected.append(edgar.add(filing(day, filed=f"202601{day}")))
        before = len(edgar.requests)
        for _ in range(3):
            await poll(settings, sink, clock)
            clock.advance(60)
        assert len(edgar.requests) <= before + 3 + 1 + 2 + 2  # the polls, the list, the indexes of two days, and texts
        clock.advance(DAY)
    for _ in range(2):
        await poll(settings, sink, clock)
    assert sorted(sink.accessions) == expected


async def test_an_entry_among_older_ones_is_told_of_in_the_evening(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """It was accepted hours before it appeared, so whole pages of known entries stand before it."""
    for number in range(1, 2 * PAGE):
        edgar.add(filing(number, accepted="20260112093000"))
    await poll(settings, sink, clock)
    late = edgar.add(filing(500, accepted="20260112080000"))
    await poll(settings, sink, clock)
    assert sink.accessions == []
    clock.advance(DAY)
    await poll(settings, sink, clock)
    assert sink.accessions == [late]


async def test_a_party_beyond_the_end_of_the_feed_counts(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """The feed has an entry for each party of a filing, and ends before the one that is selected."""
    second = Selection(["8-K"], ciks=[9000005])
    await poll(settings, sink, clock, selection=second)
    accession = edgar.add(filing(1, parties=2, accepted="20260112090000"))
    for number in range(2, PAGE + 1):
        edgar.add(filing(number, cik=77))
    edgar.end_feed_at(0)
    for _ in range(3):
        await poll(settings, sink, clock, selection=second)
        clock.advance(DAY)
    assert sink.accessions == [accession]


@pytest.mark.parametrize(
    ("as_it_is", "as_shown"),
    [
        (b" (Filer)</title>", b"</title>"),
        (b"(0009000004) (Filer)", b"(0009000005) (Filer)"),
        (b'term="SCHEDULE 13D"', b'term="SC 13D"'),
    ],
    ids=["no party", "another party", "another form"],
)
async def test_an_entry_that_says_something_else_is_told_of_in_the_evening(  # noqa: PLR0917 — fixtures
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock, as_it_is: bytes, as_shown: bytes
) -> None:
    """The index says what is selected, and where the text is."""
    chosen = Selection(["SCHEDULE 13D"], ciks=[9000004])
    await poll(settings, sink, clock, selection=chosen)
    accession = edgar.add(filing(1, form="SCHEDULE 13D"))
    other = f.Fault("other", alter=lambda answer: replace(answer, body=answer.body.replace(as_it_is, as_shown)))
    edgar.inject(other, path="/cgi-bin/browse-edgar*", times=None)
    for _ in range(3):
        await poll(settings, sink, clock, selection=chosen)
        clock.advance(DAY)
    assert sink.accessions == [accession]


async def test_an_index_that_comes_after_a_later_one_is_read(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """It was not one of a holiday."""
    await poll(settings, sink, clock)
    hide_from_the_feed(edgar)
    late = f.Fault("late", alter=lambda one: replace(one, body=one.body.replace(b"master.20260112", b"later.20260112")))
    edgar.inject(late, path="*/daily-index/*/index.json", times=None)
    expected = [edgar.add(filing(1))]
    clock.advance(DAY)
    expected.append(edgar.add(filing(2, filed="20260113")))
    clock.advance(13 * HOUR)
    await poll(settings, sink, clock)
    assert sink.accessions == expected[1:]
    edgar.clear_faults()
    hide_from_the_feed(edgar)
    clock.advance(DAY)
    await poll(settings, sink, clock)
    assert sorted(sink.accessions) == sorted(expected)


async def test_a_row_that_an_index_gets_later_counts(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """Within a week; what the index listed before causes no alert again, and no request."""
    await poll(settings, sink, clock)
    hide_from_the_feed(edgar)
    expected = [edgar.add(filing(1))]
    for days in (1, 3, 1, 1):
        clock.advance(days * DAY)
        before = len(edgar.requests)
        await poll(settings, sink, clock)
        if days == 3:
            expected.append(edgar.add(filing(2)))
    assert sink.accessions == expected
    assert [request.path.partition("?")[0] for request in edgar.requests[before:]] == ["/cgi-bin/browse-edgar", LIST]


def hide_from_the_feed(edgar: LoopbackEdgar) -> None:
    """Let no entry of the small filings be readable."""
    spoilt = f.Fault("hidden", alter=lambda one: replace(one, body=one.body.replace(b"number=0009000999-", b"number=")))
    edgar.inject(spoilt, path="/cgi-bin/browse-edgar*", times=None)


async def test_a_start_tells_of_nothing_from_before(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """Where the feed reaches back less than a day, the first index names filings from before the start."""
    for number in range(1, PAGE + 5):
        edgar.add(filing(number))
    edgar.end_feed_at(0)
    await poll(settings, sink, clock)
    clock.advance(DAY)
    later = edgar.add(filing(500, filed="20260113"))
    await poll(settings, sink, clock)
    assert sink.accessions == [later]


async def test_a_start_by_a_clock_that_is_behind_tells_of_nothing_from_before(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """A machine without a battery starts so, before it has asked for the time."""
    for number in range(1, PAGE):
        edgar.add(filing(number, filed=f"202512{number % 9 + 20}"))
    for number in range(PAGE, 2 * PAGE):
        edgar.add(filing(number))
    edgar.end_feed_at(0)
    clock.advance(-60 * DAY)
    for days in (0, 60, 1):
        clock.advance(days * DAY)
        await poll(settings, sink, clock)
    assert sink.accessions == []


@pytest.mark.parametrize("refused", ["*/master.20251230.idx", "*/2025/QTR4/index.json"])
async def test_an_index_that_is_refused_once_is_read_later(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock, refused: str
) -> None:
    """Those of later days do not settle it, also not those of the next quarter."""
    clock.advance(-14 * DAY)
    await poll(settings, sink, clock)
    expected = [edgar.add(filing(number, filed="20251230")) for number in range(1, PAGE + 5)]
    expected.append(edgar.add(filing(500, filed="20260102")))
    edgar.end_feed_at(0)
    edgar.inject(f.absent_403(), path=refused)
    for days in (5, 1):
        clock.advance(days * DAY)
        await poll(settings, sink, clock)
    assert sorted(sink.accessions) == sorted(expected)


async def test_a_clock_that_was_ahead_skips_no_index(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """Days that have not come yet do not count as read."""
    clock.advance(300 * DAY)
    await poll(settings, sink, clock)
    clock.advance(-300 * DAY)
    expected = missed_by_the_feed(edgar)
    clock.advance(5 * DAY)
    await poll(settings, sink, clock)
    assert sorted(sink.accessions) == sorted(expected)


async def test_a_holiday_costs_a_request_every_half_hour(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """Its index never comes; that of the next day settles it."""
    await poll(settings, sink, clock)
    clock.advance(13 * HOUR)
    before = len(edgar.requests)
    for _ in range(6):
        await poll(settings, sink, clock)
        clock.advance(RETRY.total_seconds() / 3 + 1)
    assert len(edgar.requests) == before + 6 + 2
    clock.advance(DAY)
    accession = edgar.add(filing(1, filed="20260113"))
    for _ in range(3):
        await poll(settings, sink, clock)
    # the polls, the feed's second page, the list and the index of the day, and the text
    assert len(edgar.requests) == before + 6 + 2 + 3 + 1 + 2 + 1
    assert sink.accessions == [accession]


async def test_an_index_that_is_not_complete_is_read_again(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """It is shorter than its folder's list says."""
    await poll(settings, sink, clock)
    empty = f.Fault("empty", alter=lambda one: replace(one, body=_without_entries(one.body)))
    edgar.inject(empty, path="/cgi-bin/browse-edgar*", times=None)
    expected = [edgar.add(filing(number)) for number in range(1, 60)]
    clock.advance(13 * HOUR)
    third = f.Fault("third", alter=lambda one: replace(one, body=_third(one.body), etag_md5=None))
    edgar.inject(third, path="*/master.20260112.*", times=1)
    await poll(settings, sink, clock)
    assert 0 < len(sink.accessions) < len(expected)
    clock.advance(RETRY.total_seconds() + 1)
    await poll(settings, sink, clock)
    assert sorted(sink.accessions) == sorted(expected)


def _third(index: bytes) -> bytes:
    return index[: index.rfind(b"\n", 0, len(index) // 3) + 1]


def _without_entries(page: bytes) -> bytes:
    return page[: page.find(b"<entry>")] + b"</feed>" if b"<entry>" in page else page


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-01-12T22:44", "2026-01-09"),
        ("2026-01-12T22:45", "2026-01-12"),
        ("2026-01-13T05:00", "2026-01-12"),
        ("2026-01-17T12:00", "2026-01-16"),
        ("2026-03-09T22:45", "2026-03-09"),
    ],
)
def test_when_an_index_should_be_there(moment: str, day: str) -> None:
    """From a quarter to eleven on weekdays, by EDGAR's clock."""
    assert last_published(datetime.fromisoformat(moment).replace(tzinfo=EASTERN)) == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("oldest", "through"),
    [("2026-01-09T17:30", "2026-01-09"), ("2026-01-09T17:31", "2026-01-12"), (None, "2026-01-12")],
)
def test_the_first_index_counts_if_the_feed_reaches_back_to_the_one_before(oldest: str | None, through: str) -> None:
    """On a Monday, to Friday's deadline."""
    now = datetime(2026, 1, 12, 10, 0, tzinfo=EASTERN)
    feed = [current(datetime.fromisoformat(one).replace(tzinfo=EASTERN)) for one in (oldest, "2026-01-12T09:59") if one]
    assert Settled.at_start(feed if oldest else [], now).through == date.fromisoformat(through)


@pytest.mark.parametrize(
    "note", ["", "{", "[]", '{"through": 3}', '{"through": "2026-13-01", "newest": null, "retry_at": null}']
)
async def test_a_note_that_is_lost_or_damaged_is_no_first_poll(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock, note: str
) -> None:
    """What the feed had is known still, and the indexes are read from the last day on."""
    await poll(settings, sink, clock)
    with Archive.open(settings.root, writable=True) as archive:
        _set_note(archive.catalogue, note)
    accession = edgar.add(filing(1))
    report = await poll(settings, sink, clock)
    assert not report.is_first
    assert sink.accessions == [accession]


def _set_note(catalogue: Catalogue, note: str) -> None:
    catalogue.set_note("watch_settled", note)


@pytest.mark.parametrize("table", ["sighting", "delivery"])
async def test_a_damaged_catalogue_loses_no_alert(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock, table: str
) -> None:
    """What was seen may be lost with it, and is told of again; what came since is not taken for known before."""
    await poll(settings, sink, clock)
    expected = [edgar.add(filing(1))]
    await poll(settings, sink, clock)
    path = settings.root / "catalogue.sqlite3"
    with contextlib.closing(sqlite3.connect(path)) as catalogue:
        [(root,)] = catalogue.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,))
        catalogue.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(bytes(4096))
    expected.append(edgar.add(filing(2)))
    repair_archive(settings)
    report = await poll(settings, sink, clock)
    assert not report.is_first
    assert expected == sorted(set(sink.accessions) & set(expected))
