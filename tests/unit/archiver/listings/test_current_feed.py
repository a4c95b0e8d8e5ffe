from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from archiver.edgar import pacer
from archiver.edgar.session import Edgar
from archiver.errors import DamagedBodyError, UnreachableError
from archiver.identifiers import AccessionNumber
from archiver.listings.current_feed import merge_filings, parse_current_feed, walk_current_feed
from archiver.settings.settings import Settings
from tests.loopback import FIXTURES, LoopbackEdgar, faults
from tests.paths import CORPUS
from tests.unit.corpus import needs_corpus

BODY = (FIXTURES / "0009000900-19-000212.txt").read_bytes()
MINUTE = datetime(2026, 1, 12, 11, 28, tzinfo=ZoneInfo("America/New_York"))


def submission(number: int) -> bytes:
    """The `number`-th submission of a day, one every ten seconds."""
    accepted = MINUTE + timedelta(seconds=10 * number)
    body = BODY.replace(b"0009000900-19-000212", b"0009000900-26-%06d" % number)
    return body.replace(b"20190514163005", accepted.strftime("%Y%m%d%H%M%S").encode())


def accession(number: int) -> AccessionNumber:
    """Its accession number."""
    return AccessionNumber(f"0009000900-26-{number:06d}")


@pytest.fixture
def day() -> Iterable[LoopbackEdgar]:
    """An EDGAR with 250 filings in its feed."""
    with LoopbackEdgar([submission(number) for number in range(250)]) as served:
        yield served


@pytest_asyncio.fixture
async def edgar(day: LoopbackEdgar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Edgar]:
    """A connection to it."""
    monkeypatch.setattr(pacer, "shared_folder", lambda: tmp_path)
    settings = Settings(base_url=day.base_url, user_agent="Example Research research@example.com", rate=10_000)
    async with Edgar(settings) as opened:
        yield opened


def knowing(*numbers: int) -> set[AccessionNumber]:
    """What has been seen before."""
    return {accession(number) for number in numbers}


async def walk(edgar: Edgar, known: set[AccessionNumber]) -> tuple[list[AccessionNumber], int, bool]:
    """The accession numbers that a walk gives, its pages, and whether there is a gap."""
    walked = await walk_current_feed(edgar, known.intersection)
    return [filing.accession for filing in walked.filings], walked.pages, walked.has_gap


async def test_with_nothing_new_one_page_is_read(edgar: Edgar, day: LoopbackEdgar) -> None:
    """Which is one request."""
    assert await walk(edgar, knowing(*range(250))) == ([accession(number) for number in range(249, 149, -1)], 1, False)
    assert len(day.requests) == 1


async def test_pages_are_read_until_one_is_known(edgar: Edgar) -> None:
    """The newest first; each filing once."""
    found, pages, has_gap = await walk(edgar, knowing(*range(140)))
    assert (pages, has_gap) == (3, False)
    assert found == [accession(number) for number in range(249, -1, -1)]


@pytest.mark.parametrize("fault", ["feed_duplicates", "feed_wrong_order", "feed_grows"])
async def test_no_quirk_of_the_feed_loses_or_doubles_a_filing(edgar: Edgar, day: LoopbackEdgar, fault: str) -> None:
    """Entries that stand there twice, change places, or move down while the feed is read."""
    day.inject(faults.FAULTS[fault](), path="/cgi-bin/*", times=None)
    found, _, _ = await walk(edgar, set())
    assert max(Counter(found).values()) == 1
    missing = knowing(*range(250)) - set(found)
    assert missing <= knowing(*range(20)) if fault == "feed_grows" else not missing


async def test_the_feed_ends_with_a_503(edgar: Edgar, day: LoopbackEdgar) -> None:
    """Past the first page that is its end; where nothing known was reached there is a gap."""
    day.end_feed_at(100)
    found, pages, has_gap = await walk(edgar, knowing(3))
    assert (len(found), pages, has_gap) == (200, 2, True)


@pytest.mark.slow
async def test_a_503_at_the_start_is_trouble(edgar: Edgar, day: LoopbackEdgar) -> None:
    """It passes, or the poll fails."""
    day.inject(faults.feed_unavailable_503(), path="/cgi-bin/*", times=1)
    assert (await walk(edgar, knowing(*range(250))))[1] == 1
    day.inject(faults.feed_unavailable_503(), path="/cgi-bin/*", times=None)
    with pytest.raises(UnreachableError, match="feed"):
        await walk(edgar, set())


async def test_a_page_that_is_cut_is_asked_for_again(edgar: Edgar, day: LoopbackEdgar) -> None:
    """A page with fewer entries would look like the end of what is new."""
    day.inject(faults.feed_cut(), path="/cgi-bin/*", times=1)
    found, _, _ = await walk(edgar, set())
    assert len(found) == 250


def test_the_parties_of_a_filing_are_merged() -> None:
    """With their roles, each once, in the order of the feed; so are its items."""
    with LoopbackEdgar(FIXTURES) as served:
        page = served._site.answer("/cgi-bin/browse-edgar", {"action": "getcurrent", "output": "atom", "count": "100"})
    entries = parse_current_feed(page.body)
    filings = merge_filings([*entries, *entries])
    assert len(filings) == len(list(FIXTURES.glob("*.txt")))
    assert any(len(filing.parties) > 1 for filing in filings)
    assert all(len(set(filing.parties)) == len(filing.parties) > 0 for filing in filings)
    (departure,) = [filing for filing in filings if filing.accession == "0009000900-19-000212"]
    assert departure.items == ("5.02",)
    assert departure.accepted.isoformat() == "2019-05-14T16:30:05-04:00"
    assert departure.parties[0].name == "Teal & Sage Dynamics, Inc."


@needs_corpus
@pytest.mark.parametrize("path", sorted(CORPUS.glob("feed-atom__*getcurrent*")), ids=lambda path: path.name[-40:])
def test_recorded_pages_are_read_whole(path: Path) -> None:
    """Every entry of EDGAR's own pages, with its form, party, role and items."""
    body = path.read_bytes()
    entries = parse_current_feed(body)
    assert len(entries) == body.count(b"<entry>")
    assert len({entry.accession for entry in entries}) == len(merge_filings(entries))
    assert sum(len(entry.items) for entry in entries) == len(re.findall(rb"&lt;br&gt;Item ", body))
    assert all(entry.parties[0].role for entry in entries)
    assert all(json.loads(json.dumps(entry.to_dict()))["form"] == entry.form for entry in entries)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b"<feed></feed>",
        b'<?xml version="1.0"?><!DOCTYPE f [<!ENTITY a "b">]><feed xmlns="http://www.w3.org/2005/Atom">&a;</feed>',
        b'<feed xmlns="http://www.w3.org/2005/Atom"><entry>',
    ],
)
def test_what_is_no_feed_is_refused(body: bytes) -> None:
    """A web page, another XML, one with entities, and a cut one."""
    with pytest.raises(DamagedBodyError):
        parse_current_feed(body)


def test_an_entry_that_cannot_be_read_is_said_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """The others are taken; one with a strange title is taken without its party."""
    with LoopbackEdgar([submission(number) for number in range(3)]) as served:
        page = served._site.answer("/cgi-bin/browse-edgar", {"action": "getcurrent", "output": "atom"})
    body = page.body.replace(b"accession-number=0009000900-26-000001", b"accession-number=1")
    body = body.replace(b"(Filer)</title>", b"</title>", 1)
    first, second = parse_current_feed(body)
    assert (first.accession, first.parties) == (accession(2), ())
    assert second.accession == accession(0)
    assert "cannot be read" in caplog.text


def feed_of(title: str, *, entries: int = 1) -> bytes:
    """A page on which one submission has so many entries; ``{}`` in `title` is the number of each."""
    made = "".join(
        f"<entry><title>{title.format(number)}</title><updated>2026-01-12T11:28:00-05:00</updated>"
        f'<category term="8-K"/><id>urn:tag:sec.gov,2008:accession-number={accession(1)}</id></entry>'
        for number in range(1, entries + 1)
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{made}</feed>'.encode()


@pytest.mark.slow
def test_titles_and_parties_without_end_take_time_by_their_size() -> None:
    """A title in which everything could be the beginning of a name, and a filing of 20 000 parties."""
    assert parse_current_feed(feed_of(" - " * 300_000))[0].parties == ()
    assert (
        len(merge_filings(parse_current_feed(feed_of("8-K - N{0} ({0}) (Filer)", entries=20_000)))[0].parties) == 20_000
    )


def test_no_entry_brings_our_address_into_the_catalogue() -> None:
    """What an entry says is kept, and sent with an alert."""
    page = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>8-K - ANN@EXAMPLE.COM INC (0000000320) (Filer)</title>'
        '<category term="8-K ann@example.com"/><updated>2026-01-12T11:28:00-05:00</updated>'
        "<id>urn:tag:sec.gov,2008:accession-number=0009000900-26-000001</id></entry></feed>"
    )
    [filing] = parse_current_feed(page.encode())
    assert "example.com" not in str(filing.to_dict()).lower()
    assert [one.cik for one in filing.parties] == [320]


@pytest.mark.parametrize("name", ["@ROAD, INC", "CAFE @ PARK INC", "TECH@WORK INC"])
def test_a_sign_in_a_name_hides_no_filing(name: str) -> None:
    """It is selected by its CIK or its name, although the sign is that of addresses."""
    page = (
        f'<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>8-K - {name} (0000000320) (Filer)</title>'
        '<category term="8-K"/><updated>2026-01-12T11:28:00-05:00</updated>'
        "<id>urn:tag:sec.gov,2008:accession-number=0009000900-26-000001</id></entry></feed>"
    )
    [filing] = parse_current_feed(page.encode())
    assert [(one.cik, one.name) for one in filing.parties] == [(320, name)]
    assert [one["cik"] for one in filing.to_dict()["parties"]] == [320]
