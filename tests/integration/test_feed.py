"""Whole days of the Feed, through real sockets and files, hostile ones among them."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import io
import random
import re
import tarfile
from collections.abc import Mapping
from datetime import date

import pytest

from archiver.audit.verify import verify_files
from archiver.errors import UsageError
from archiver.identifiers import AccessionNumber
from archiver.reports import SyncReport
from archiver.selection.selection import Selection
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive import Library
from edgarchive.mirror import Mirror
from tests.edgar_fixtures import CommandLine
from tests.loopback import FIXTURES, LoopbackEdgar, faults

DAY = date(2004, 12, 22)
ONE = AccessionNumber("0009000900-04-000101")
SERVED = (FIXTURES / f"{ONE}.txt").read_bytes()
URL = "/Archives/edgar/Feed/2004/QTR4/20041222.nc.tar.gz"
DECEMBER = Selection(["*"], since="2004-12-01", until="2004-12-31")
NUMBERS = [ONE, *(AccessionNumber(f"0009000900-04-{number:06d}") for number in range(200, 240))]


def nc(accession: str, *, form: str = "8-K", cik: int = 9000001, size: int = 5_000) -> bytes:
    """A submission as the Feed has it, of text that hardly shrinks."""
    text = random.Random(accession).randbytes(size // 2).hex()  # noqa: S311 — the same text in every run
    lines = "\n".join(text[start : start + 70] for start in range(0, len(text), 70))
    return (
        f"<SUBMISSION>\n<ACCESSION-NUMBER>{accession}\n<TYPE>{form}\n<PUBLIC-DOCUMENT-COUNT>1\n<ITEMS>5.02\n"
        f"<FILING-DATE>20041222\n<FILER>\n<COMPANY-DATA>\n<CONFORMED-NAME>MERIDIAN LANTERN CORP\n<CIK>{cik:010d}\n"
        f"</COMPANY-DATA>\n</FILER>\n<DOCUMENT>\n<TYPE>{form}\n<SEQUENCE>1\n<TEXT>\nresigned\n{lines}\n</TEXT>\n</DOCUMENT>\n"
        "</SUBMISSION>\n"
    ).encode()


MEMBERS = {
    f"{accession}.nc": nc(accession, form="8-K" if number % 2 == 0 else "10-Q", size=40_000)
    for number, accession in enumerate(NUMBERS)
}
ALL = {AccessionNumber(name[:20]): body for name, body in MEMBERS.items()}


async def sync(settings: Settings, selection: Selection = DECEMBER, *, refresh: bool = False) -> SyncReport:
    """One sync from the Feed, or a refresh from the index."""
    async with Mirror(settings) as mirror:
        return await mirror.sync(selection, source="index" if refresh else "feed", refresh=refresh)


def stored(settings: Settings) -> dict[AccessionNumber, bytes]:
    """What the archive has; all of it is sound."""
    with Archive.open(settings.root) as archive:
        assert not list(verify_files(archive, jobs=2).findings)
        return {record.accession: archive.read(record.accession) for record in archive.catalogue.records()}


def tar_gz(members: Mapping[str, bytes], *others: tarfile.TarInfo) -> bytes:
    """A day's archive, with `others` first."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for info in others:
            tar.addfile(info)
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


async def test_a_day_takes_one_request(edgar: LoopbackEdgar, settings: Settings) -> None:
    """Every submission of the day, byte for byte, and what is known of it; the second run asks for nothing of it."""
    edgar.add_feed(DAY, MEMBERS)
    report = await sync(settings)
    assert stored(settings) == ALL
    assert (report.planned, report.stored, report.failed) == (len(ALL), len(ALL), 0)
    assert len(edgar.requests_for(URL)) == 1
    with Archive.open(settings.root) as archive:
        record = archive.record(ONE)
        assert (record.source, record.form, record.filing_date, record.cik) == ("feed", "8-K", DAY, 9000001)
        assert record.url is not None
        assert record.url.endswith(URL)
    again = await sync(settings)
    assert (again.planned, again.present, again.stored) == (len(ALL), len(ALL), 0)
    assert len(edgar.requests_for(URL)) == 1


async def test_a_finished_quarter_without_a_list_of_its_days_is_a_failure(
    edgar: LoopbackEdgar, settings: Settings
) -> None:
    """Which days it has cannot be known, and the Feed has days of each; the next run finds them."""
    edgar.add_feed(DAY, MEMBERS)
    edgar.inject(faults.absent_403(), path="*/Feed/2004/QTR4/index.json")
    report = await sync(settings)
    assert [(one.url.rpartition("/")[2], one.error) for one in report.failures] == [("QTR4", "AbsentError")]
    assert (await sync(settings)).failures == ()
    assert stored(settings) == ALL


async def test_only_what_is_selected_is_taken(edgar: LoopbackEdgar, settings: Settings) -> None:
    """The headers say what a member is; a later run with another selection takes the rest."""
    edgar.add_feed(DAY, MEMBERS)
    report = await sync(settings, Selection(["10-Q"], since="2004-12-01", until="2004-12-31"))
    wanted = {accession for accession, body in ALL.items() if b"<TYPE>10-Q" in body}
    assert (report.planned, report.stored) == (len(wanted), len(wanted))
    assert set(stored(settings)) == wanted
    rest = await sync(settings)
    assert (rest.planned, rest.present, rest.stored) == (len(ALL), len(wanted), len(ALL) - len(wanted))


@pytest.mark.parametrize("fault", [faults.short_body(), faults.reset_mid_body()], ids=lambda fault: fault.name)
async def test_a_cut_day_is_taken_up_where_it_was_cut(
    edgar: LoopbackEdgar, settings: Settings, fault: faults.Fault
) -> None:
    """With a range, and all of it comes."""
    edgar.add_feed(DAY, MEMBERS)
    edgar.inject(fault, path=URL, times=1)
    report = await sync(settings)
    assert (report.stored, report.failed, report.failures) == (len(ALL), 0, ())
    assert stored(settings) == ALL
    asked = [record.headers.get("Range") for record in edgar.requests_for(URL)]
    assert asked[0] is None
    assert asked[1] is not None
    assert 0 < int(asked[1].removeprefix("bytes=").removesuffix("-")) < len(tar_gz(MEMBERS))


async def test_a_server_without_ranges_sends_it_again(edgar: LoopbackEdgar, settings: Settings) -> None:
    """What was read already is passed over."""
    edgar.add_feed(DAY, MEMBERS)
    edgar.inject(faults.short_body(), path=URL, times=1)
    edgar.inject(faults.no_ranges(), path=URL, times=1)
    assert (await sync(settings)).stored == len(ALL)
    assert stored(settings) == ALL


async def test_a_day_that_changes_while_it_is_read_is_read_anew_by_the_next_run(
    edgar: LoopbackEdgar, settings: Settings
) -> None:
    """The two halves of two files are never one; what came whole stays."""
    edgar.add_feed(DAY, MEMBERS)
    edgar.inject(faults.short_body(), path=URL, times=1)
    edgar.inject(faults.another_version(), path=URL, times=1)
    report = await sync(settings)
    [day] = [failure for failure in report.failures if failure.accession is None]
    assert "changed" in day.message
    assert len(report.failures) <= 2  # the day, and the submission that was being read
    assert (await sync(settings)).planned == len(ALL)
    assert stored(settings) == ALL


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[: len(data) // 2], "cut"),
        (lambda data: data[: len(data) // 2] + b"\0\xff" * 500 + data[len(data) // 2 + 1000 :], "damaged|expected|cut"),
        (
            lambda _: gzip.compress(b"\0" * 10_240 + b"\0" * 400_000_000, 9),
            "times its size|without any text|too many bytes",
        ),
        (lambda _: b"no gzip at all", "damaged"),
    ],
    ids=["cut", "damaged", "bomb", "no gzip"],
)
async def test_a_damaged_day_is_a_failure_of_the_day(
    edgar: LoopbackEdgar, settings: Settings, damage: object, message: str
) -> None:
    """Named by its address; nothing of it is taken for proven, and the next run reads the day again."""
    assert callable(damage)
    edgar.add_feed(DAY, damage(tar_gz(MEMBERS)))
    report = await sync(settings)
    [day] = [failure for failure in report.failures if failure.accession is None]
    assert day.url.endswith(URL)
    assert re.search(message, day.message)
    assert (report.stored, report.planned) == (0, report.failed)
    assert stored(settings) == {}
    edgar.add_feed(DAY, MEMBERS)
    assert (await sync(settings)).failures == ()
    assert stored(settings) == ALL


async def test_hostile_members_are_passed_over_and_named(edgar: LoopbackEdgar, settings: Settings) -> None:
    """Links, devices and paths are never followed; what is no submission, or cut, is not stored."""
    link = tarfile.TarInfo("0009000900-04-000999.nc")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    device = tarfile.TarInfo("../../dev")
    device.type = tarfile.CHRTYPE
    good = {"../../evil.nc": MEMBERS[f"{ONE}.nc"]}
    bad = {
        "0009000900-04-000777.nc": b"<html>",
        "ann@example.com": b"<html>",
        f"{NUMBERS[1]}.nc": MEMBERS[f"{NUMBERS[1]}.nc"][:-20],
    }
    edgar.add_feed(DAY, tar_gz(bad | good, link, device))
    report = await sync(settings)
    assert set(stored(settings)) == {ONE}
    assert len(report.failures) == 5
    assert not list(settings.root.parent.rglob("evil*"))
    assert "example.com" not in str(report.failures)  # perhaps our own address, in whatever the server sends


async def test_a_submission_above_the_bound_is_a_failure_of_its_own(edgar: LoopbackEdgar, settings: Settings) -> None:
    """And the rest of the day is taken."""
    edgar.add_feed(DAY, MEMBERS | {"big.nc": nc("0009000900-04-000888", size=20_000_000)})
    report = await sync(settings.replace(max_submission_bytes=1_000_000))
    assert [(failure.accession, failure.error) for failure in report.failures] == [
        ("0009000900-04-000888", "TooLargeError")
    ]
    assert (report.planned, report.stored, report.failed) == (len(ALL) + 1, len(ALL), 1)


async def test_both_ways_give_one_submission(edgar: LoopbackEdgar, settings: Settings) -> None:
    """What the index gave is present in the Feed, and the other way round."""
    edgar.add_feed(DAY, MEMBERS)
    async with Mirror(settings) as mirror:
        await mirror.sync(Selection(["8-K"], since=DAY, until=DAY))
    report = await sync(settings)
    assert (report.present, report.stored) == (1, len(ALL) - 1)
    assert stored(settings)[ONE] == SERVED


async def test_a_refresh_fetches_what_edgar_serves_and_keeps_what_there_was(
    edgar: LoopbackEdgar, settings: Settings
) -> None:
    """The served file takes the place, the other bytes stay beside it, and a second refresh has nothing to do."""
    edgar.add_feed(DAY, {f"{ONE}.nc": MEMBERS[f"{ONE}.nc"]})
    await sync(settings)
    only = Selection(["8-K"], since=DAY, until=DAY)
    report = await sync(settings, only, refresh=True)
    assert (report.stored, report.present) == (1, 0)
    assert stored(settings) == {ONE: SERVED}
    with Archive.open(settings.root) as archive:
        assert archive.record(ONE).source == "index"
        [older] = archive.catalogue.versions(ONE)
        assert (older.kind, older.source) == ("older", "feed")
        assert gzip.decompress(archive.layout.version_path(ONE, older.sha256).read_bytes()) == MEMBERS[f"{ONE}.nc"]
    assert (await sync(settings, only, refresh=True)).present == 1


def manifest(cli: CommandLine, settings: Settings, number: int) -> list[str]:
    """The paths in the manifest of a run; each checksum is that of the file."""
    done = cli.run_here("log", str(number), "--manifest")
    assert done.returncode == 0, done.stderr
    lines = [line.split("  ") for line in done.stdout.decode().splitlines()]
    assert all(hashlib.sha256((settings.root / path).read_bytes()).hexdigest() == digest for digest, path in lines)
    return [path for _, path in lines]


async def test_a_run_lists_what_it_stored_after_newer_bytes_came(
    edgar: LoopbackEdgar, settings: Settings, cli: CommandLine
) -> None:
    """What stands beside them is still what that run stored, and so is a correction."""
    edgar.add_feed(DAY, {f"{ONE}.nc": MEMBERS[f"{ONE}.nc"]})
    await sync(settings)
    edgar.add_feed(date(2004, 12, 23), {f"{ONE}.pc": b"<CORRECTION>\n<ACCESSION-NUMBER>" + ONE.encode() + b"\n"})
    await sync(settings)
    await sync(settings, Selection(["8-K"], since=DAY, until=DAY), refresh=True)
    with Archive.open(settings.root) as archive:
        beside = {row.kind: archive.layout.version_path(ONE, row.sha256) for row in archive.catalogue.versions(ONE)}
        wanted = [beside["older"], beside["correction"], archive.layout.submission(ONE)]
    paths = [str(path.relative_to(settings.root)) for path in wanted]
    assert [manifest(cli, settings, number) for number in (1, 2, 3)] == [[path] for path in paths]
    with Library(settings.root) as library:
        assert [[(one.form, str(one.path)) for one in library.stored_by(number)] for number in (1, 2, 3)] == [
            [("8-K", path)] for path in paths
        ]
    wanted[0].unlink()
    done = cli.run_here("log", "1", "--manifest")
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (5, b"", 1)


async def test_a_correction_is_kept_beside_its_submission(edgar: LoopbackEdgar, settings: Settings) -> None:
    """Of a submission that the archive has; others are passed over."""
    edgar.add_feed(DAY, MEMBERS)
    await sync(settings)
    correction = b"<CORRECTION>\n<ACCESSION-NUMBER>" + ONE.encode() + b"\n"
    edgar.add_feed(date(2004, 12, 23), {f"{ONE}.pc": correction, "0009000900-04-000999.pc": correction})
    report = await sync(settings)
    assert report.failures == ()
    assert stored(settings) == ALL
    with Archive.open(settings.root) as archive:
        [kept] = archive.catalogue.versions()
        assert (kept.accession, kept.kind) == (ONE, "correction")
        assert gzip.decompress(archive.layout.version_path(ONE, kept.sha256).read_bytes()) == correction


async def test_a_cancelled_day_leaves_a_clean_archive(edgar: LoopbackEdgar, settings: Settings) -> None:
    """Neither a thread nor a half-written file goes on."""
    edgar.add_feed(DAY, MEMBERS)
    edgar.inject(faults.trickle(pieces=100), path=URL, times=None)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(sync(settings), timeout=2)
    edgar.clear_faults()
    assert not list((settings.root / "incoming").glob("*"))
    await sync(settings)
    assert stored(settings) == ALL


async def test_what_the_feed_cannot_do_is_said(settings: Settings) -> None:
    """A limit needs the index; a refresh is no matter of the Feed."""
    with pytest.raises(UsageError, match="limit"):
        await sync(settings, Selection(["8-K"], limit=3))
    async with Mirror(settings) as mirror:
        with pytest.raises(UsageError, match="refresh"):
            await mirror.sync(DECEMBER, source="feed", refresh=True)


def test_the_command_line_mirrors_indexes_and_shows_it(cli: CommandLine, edgar: LoopbackEdgar) -> None:
    """`sync --source feed`, then a search, then where it came from; a refresh shows both."""
    edgar.add_feed(DAY, MEMBERS)
    dates = ("--since", "2004-12-22", "--until", "2004-12-22")
    report = cli.json("sync", "--source", "feed", "--form", "8-K", *dates)
    assert report["indexed"] == report["stored"] == sum(b"<TYPE>8-K" in body for body in ALL.values())
    assert cli.json("search", "resigned", "--item", "5.02", "-n", "100")["total"] == report["stored"]
    shown = cli.json("show", ONE)
    assert (shown["source"], shown["beside"]) == ("feed", [])
    assert shown["source_url"].endswith(URL)
    assert cli.json("sync", "--refresh", "--form", "8-K", *dates)["indexed"] == 1
    shown = cli.json("show", ONE)
    assert shown["source"] == "index"
    assert [(other["kind"], other["source"]) for other in shown["beside"]] == [("older", "feed")]
    assert cli.json("verify")["findings"] == []
