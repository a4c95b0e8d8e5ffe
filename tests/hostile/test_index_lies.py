"""Indexes that are cut, empty, damaged or strange: none hides a filing or makes one count as withdrawn."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from archiver.errors import EdgarError
from archiver.identifiers import AccessionNumber
from archiver.reports import SyncReport
from archiver.selection.selection import Selection
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive.mirror import Mirror
from tests.loopback import FIXTURES, LoopbackEdgar
from tests.loopback.answers import Answer
from tests.loopback.faults import Fault, absent_403

ONE = "0009000900-04-000101"
BODY = (FIXTURES / f"{ONE}.txt").read_bytes()
OTHERS = [f"0009000900-04-0001{number:02d}" for number in range(20, 32)]
DECEMBER = Selection(forms=["*"], since="2004-12-01", until="2004-12-31")


async def sync(settings: Settings, *, after_days: int = 0, selection: Selection = DECEMBER) -> SyncReport:
    """One sync, so many days from now."""
    async with Mirror(settings, clock=lambda: datetime.now(UTC) + timedelta(after_days)) as mirror:
        return await mirror.sync(selection, index=False)


@pytest.fixture
def settings(edgar: LoopbackEdgar, settings: Settings) -> Settings:
    """A quarter with a dozen submissions more."""
    for number in OTHERS:
        edgar.add(BODY.replace(ONE.encode(), number.encode()))
    return settings


def plain(change: Callable[[bytes], bytes], *, etag: bool = False) -> Fault:
    """An index file whose text is changed, packed again, under the ETag of the true one if so wanted."""

    def alter(answer: Answer) -> Answer:
        packed = answer.body.startswith(b"\x1f\x8b")
        text = change(gzip.decompress(answer.body) if packed else answer.body)
        md5 = hashlib.md5(answer.body, usedforsecurity=False).hexdigest()
        return dataclasses.replace(
            answer,
            body=gzip.compress(text, mtime=0) if packed else text,
            etag_md5=md5 if etag else None,
            last_modified=datetime(2030, 1, 1, tzinfo=UTC),
        )

    return Fault("index", alter=alter)


def without_rows(text: bytes) -> bytes:
    """The preamble alone."""
    return text[: text.index(b"-" * 80) + 81]


def halved(text: bytes) -> bytes:
    """The first half, cut at the end of a row."""
    return text[: text.index(b"\n", (text.index(b"-" * 80) + len(text)) // 2) + 1]


def of_another_quarter(text: bytes) -> bytes:
    """All rows of the quarter before, as a server that confuses two files would send it."""
    return re.sub(rb"2004-12-|200412", lambda found: found[0].replace(b"12", b"09"), text)


LIES: dict[str, Fault] = {
    "another quarter's": plain(of_another_quarter),
    "no rows": plain(without_rows),
    "cut in a row": plain(lambda text: text[:-20]),
    "cut after a row": plain(halved),
    "not the MD5 of its ETag": plain(halved, etag=True),
    "CR line ends": plain(lambda text: text.replace(b"\n", b"\r")),
    "a row of 2099": plain(
        lambda text: text + re.sub(rb"2004-12-22|20041222", b"2099-01-01", text.splitlines()[-1]) + b"\n"
    ),
    "no line of dashes": plain(lambda text: text.replace(b"-" * 80 + b"\n", b"")),
    "rows that cannot be read": plain(lambda text: text.replace(b"edgar/data", b"edgar\\data")),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
async def test_no_lie_of_an_index_withdraws_anything(edgar: LoopbackEdgar, settings: Settings, lie: Fault) -> None:
    """Told once, it is refused or doubted, and the next run finds all as it was."""
    assert (await sync(settings)).stored == len(OTHERS) + 1
    edgar.inject(lie, path="*/full-index/2004/QTR4/master.*", times=12)
    try:
        report = await sync(settings, after_days=31)
    except EdgarError:
        pass
    else:
        assert (report.withdrawn, report.failed) == (0, 0)
    edgar.clear_faults()
    report = await sync(settings, after_days=62)
    assert (report.present, report.withdrawn, report.stored) == (len(OTHERS) + 1, 0, 0)
    with Archive.open(settings.root) as archive:
        assert all(record.withdrawn_at is None for record in archive.catalogue.records())
        assert all(record.missing_since is None for record in archive.catalogue.records())


PROVABLE = {name: lie for name, lie in LIES.items() if name != "cut after a row"}
"""Packed anew, without a checksum and hardly smaller, that one is an index like any other."""


@pytest.mark.parametrize("lie", PROVABLE.values(), ids=PROVABLE.keys())
async def test_no_lie_of_an_index_hides_a_filing(edgar: LoopbackEdgar, settings: Settings, lie: Fault) -> None:
    """Told to the first run, it ends that run, or the daily index or the next run makes up for it."""
    edgar.inject(lie, path="*-index/2004/QTR4/master.*", times=1)
    await sync(settings)
    await sync(settings, after_days=31)
    with Archive.open(settings.root) as archive:
        assert archive.catalogue.count() == len(OTHERS) + 1


@pytest.mark.parametrize("wanted", [DECEMBER, Selection(forms=["*"], since="1993-01-01")], ids=["few", "all"])
@pytest.mark.parametrize("folder", ["", "/2004", "/2004/QTR4"])
async def test_a_short_folder_list_hides_no_filing_until_later(
    edgar: LoopbackEdgar, settings: Settings, folder: str, wanted: Selection
) -> None:
    """Lists in which all is missing, once, of both trees: the next run finds what they hid."""

    def alter(answer: Answer) -> Answer:
        return dataclasses.replace(answer, body=b'{"directory": {"item": [], "name": "x/", "parent-dir": "../"}}')

    edgar.inject(Fault("short", alter=alter), path=f"*-index{folder}/index.json", times=100)
    await sync(settings, selection=wanted)
    edgar.clear_faults()
    await sync(settings, selection=wanted, after_days=1)
    with Archive.open(settings.root) as archive:
        assert {*OTHERS, ONE} <= {record.accession for record in archive.catalogue.records()}


async def test_an_index_without_a_checksum_is_read_again(edgar: LoopbackEdgar, settings: Settings) -> None:
    """Cut by its last row, it is smaller by less than its folder's list would show; the next run finds the rest."""
    edgar.inject(absent_403(), path="*/full-index/2004/QTR4/master.gz", times=100)
    lie = plain(lambda text: text[: text.rindex(b"\n", 0, -1) + 1])
    edgar.inject(lie, path="*/full-index/2004/QTR4/master.idx", times=1)
    await sync(settings)
    await sync(settings)
    with Archive.open(settings.root) as archive:
        assert archive.catalogue.count() == len(OTHERS) + 1


async def test_a_submission_that_two_readings_lack_is_withdrawn(edgar: LoopbackEdgar, settings: Settings) -> None:
    """By two runs, one after the other; it comes back with its row."""
    await sync(settings)
    edgar.remove(OTHERS[0])
    assert [(await sync(settings, after_days=days)).withdrawn for days in (31, 32, 33)] == [0, 1, 0]
    edgar.add(BODY.replace(ONE.encode(), OTHERS[0].encode()))
    await sync(settings, after_days=90)
    with Archive.open(settings.root) as archive:
        assert archive.record(AccessionNumber(OTHERS[0])).withdrawn_at is None


async def test_a_row_in_the_folder_of_another_quarter_is_not_withdrawn(
    edgar: LoopbackEdgar, settings: Settings
) -> None:
    """A submission dated weeks before it was published stands in a later quarter's index, and in no other."""

    def early(text: bytes) -> bytes:
        lines = text.splitlines(keepends=True)
        return b"".join(
            line.replace(b"2004-12-22", b"2004-09-21") if OTHERS[0].encode() in line else line for line in lines
        )

    edgar.add(BODY.replace(ONE.encode(), b"0009000900-04-000099").replace(b"20041222", b"20040920"))
    edgar.inject(plain(early), path="*/full-index/2004/QTR4/master.*", times=None)
    year = Selection(forms=["*"], since="2004-07-01", until="2004-12-31")
    for days in (0, 31, 32, 62, 63):
        assert (await sync(settings, after_days=days, selection=year)).withdrawn == 0
    with Archive.open(settings.root) as archive:
        assert archive.record(AccessionNumber(OTHERS[0])).quarter == "2004 Q4"


async def test_a_filing_that_moves_to_another_quarter_is_not_withdrawn(
    edgar: LoopbackEdgar, settings: Settings
) -> None:
    """EDGAR changes its date. It counts as withdrawn at most until the index of its new quarter is read."""
    year = Selection(forms=["*"], since="2004-07-01", until="2005-03-31")
    await sync(settings, selection=year)
    body = BODY.replace(ONE.encode(), OTHERS[0].encode())
    edgar.add(body.replace(b"FILED AS OF DATE:\t\t20041222", b"FILED AS OF DATE:\t\t20050301"))  # a day that has one
    for days in range(31, 63):
        await sync(settings, after_days=days, selection=year)
    with Archive.open(settings.root) as archive:
        record = archive.record(AccessionNumber(OTHERS[0]))
    assert (record.withdrawn_at, record.missing_since, record.quarter) == (None, None, "2005 Q1")
    edgar.add(BODY.replace(ONE.encode(), b"0009000900-05-000098").replace(b"20041222", b"20050301"))
    edgar.remove(OTHERS[0])
    found = [(await sync(settings, after_days=days, selection=year)).withdrawn for days in range(63, 95)]
    assert sum(found) == 1


async def test_the_index_of_another_quarter_withdraws_nothing(edgar: LoopbackEdgar, settings: Settings) -> None:
    """However often it is sent, as by a cache that confuses two files."""
    await sync(settings)
    edgar.inject(LIES["another quarter's"], path="*/full-index/2004/QTR4/master.*", times=None)
    for days in (31, 32, 33):
        report = await sync(settings, after_days=days)
        assert (report.present, report.withdrawn) == (len(OTHERS) + 1, 0)
    with Archive.open(settings.root) as archive:
        assert all(record.missing_since is None for record in archive.catalogue.records())


async def test_a_form_that_edgar_corrects_is_corrected_here(edgar: LoopbackEdgar, settings: Settings) -> None:
    """And the submission is indexed again."""
    await sync(settings)
    edgar.inject(
        plain(lambda text: text.replace(b"|8-K|", b"|8-K/A|")), path="*/full-index/2004/QTR4/master.*", times=None
    )
    await sync(settings, after_days=31)
    with Archive.open(settings.root) as archive:
        assert archive.record(AccessionNumber(ONE)).form == "8-K/A"


@pytest.mark.parametrize("text", [b"<Error><Code>NoSuchKey</Code></Error>", b"<code>AccessDenied</code>"])
async def test_a_filing_that_reads_like_an_error_is_stored(
    edgar: LoopbackEdgar, settings: Settings, text: bytes
) -> None:
    """In its body and in its company's name: neither the filing nor its day is absent."""
    number = b"0009000900-04-000777"
    edgar.add(BODY.replace(ONE.encode(), number).replace(b"<TEXT>", b"<TEXT>\n" + text, 1))
    edgar.inject(
        plain(lambda index: index.replace(b"|8-K|", text.replace(b"|", b"") + b"|8-K|")),
        path="*-index/*/master.*",
        times=None,
    )
    report = await sync(settings)
    assert (report.absent, report.failed, report.stored) == (0, 0, len(OTHERS) + 2)


async def test_a_clock_that_is_ahead_for_several_nights_withdraws_nothing(
    edgar: LoopbackEdgar, settings: Settings
) -> None:
    """What only daily indexes list yet is not missing from a full index that was written before it came."""
    today = datetime.now(UTC).date()
    days = [today - timedelta(ago) for ago in (2, 4, 20, 22)]
    for number, day in enumerate(days):
        text = BODY.replace(ONE.encode(), f"0009000900-26-00010{number}".encode())
        edgar.add(text.replace(b"20041222", day.strftime("%Y%m%d").encode()))
    edgar.hold_full_index(today - timedelta(10))
    recent = Selection(forms=["*"], since=today - timedelta(25))
    reports = [await sync(settings, after_days=ahead, selection=recent) for ahead in (0, 400, 401, 402)]
    assert reports[0].stored == len(days)
    assert [report.withdrawn for report in reports] == [0, 0, 0, 0]
    with Archive.open(settings.root) as archive:
        assert all(record.missing_since is None for record in archive.catalogue.records())
