"""From EDGAR to disk, through real sockets and files."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archiver.errors import BlockedError, LockedError, UnreachableError, UsageError
from archiver.identifiers import AccessionNumber
from archiver.reports import SyncReport
from archiver.selection.selection import Selection
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive.mirror import Mirror
from tests.loopback import FIXTURES, LoopbackEdgar, faults
from tests.loopback.answers import Answer
from tests.loopback.faults import Fault

EVERYTHING = Selection(forms=["*"], since="1993-01-01")
ONE = AccessionNumber("0009000900-04-000101")
DATA = "/Archives/edgar/data"


async def sync(settings: Settings, selection: Selection = EVERYTHING, *, after_days: int = 0) -> SyncReport:
    """One sync, so many days from now."""
    async with Mirror(settings, clock=lambda: datetime.now(UTC) + timedelta(after_days)) as mirror:
        return await mirror.sync(selection, index=False)


def submissions() -> dict[str, bytes]:
    """The invented submissions by accession number."""
    return {path.stem: path.read_bytes() for path in FIXTURES.glob("*.txt")}


def stored(settings: Settings) -> dict[str, bytes]:
    """What the archive holds, decoded, by accession number."""
    with Archive.open(settings.root) as archive:
        return {record.accession: archive.read(record.accession) for record in archive.catalogue.records()}


async def test_every_submission_is_stored_byte_for_byte(edgar: LoopbackEdgar, settings: Settings) -> None:
    """What EDGAR serves is on disk, all of it and nothing else."""
    report = await sync(settings)
    assert stored(settings) == submissions()
    assert (report.planned, report.stored, report.failed) == (len(submissions()),) * 2 + (0,)
    assert report.bytes == sum(map(len, submissions().values()))
    assert report.requests == len(edgar.requests)


async def test_received_gzip_is_kept_as_it_came(settings: Settings) -> None:
    """The stored file is the gzip that EDGAR sent, which any tool reads."""
    await sync(settings)
    with Archive.open(settings.root) as archive:
        record = archive.record(ONE)
        assert archive.layout.submission(ONE).stat().st_size == record.stored_bytes < record.size


async def test_without_gzip_from_edgar_the_file_is_packed_here(tmp_path: Path) -> None:
    """A server that sends plain bytes gives the same archive."""
    with LoopbackEdgar(FIXTURES, gzip=False) as edgar:
        plain = Settings(root=tmp_path / "a", base_url=edgar.base_url, user_agent="T t@example.com", rate=10_000)
        await sync(plain)
        assert stored(plain) == submissions()


async def test_a_second_run_fetches_no_submission(edgar: LoopbackEdgar, settings: Settings) -> None:
    """What is on disk is not asked for again."""
    await sync(settings)
    asked = len(edgar.requests_for(DATA))
    report = await sync(settings)
    assert len(edgar.requests_for(DATA)) == asked == len(submissions())
    assert (report.stored, report.present, report.planned) == (0, asked, asked)


async def test_cofilers_share_one_request(edgar: LoopbackEdgar, settings: Settings) -> None:
    """A submission of several entities is fetched once, also by a later run that selects another of them."""
    async with Mirror(settings) as mirror:
        plan = await mirror.dry_run(EVERYTHING)
    master = [line for year in range(1994, 2024) for number in range(1, 5) for line in _rows(edgar, year, number)]
    rows: dict[str, set[int]] = {}
    for row in master:
        cik, *_, filename = row.split("|")
        rows.setdefault(Path(filename).stem, set()).add(int(cik))
    shared, ciks = next((accession, ciks) for accession, ciks in rows.items() if len(ciks) > 1)
    assert plan.planned == len(rows) < len(master)
    for entity in ciks:
        await sync(settings, Selection(ciks=[entity]))
    assert len([r for r in edgar.requests_for(DATA) if shared in r.path]) == 1


def _rows(edgar: LoopbackEdgar, year: int, quarter: int) -> list[str]:
    return edgar.master_index(year, quarter).decode("latin-1").splitlines()


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(forms=["8-k"]), lambda body: b"SUBMISSION TYPE:\t8-K\n" in body),
        (Selection(forms=["8-K*"]), lambda body: b"SUBMISSION TYPE:\t8-K" in body),
        (Selection(since="2010-01-01", until="2019-12-31"), lambda body: _filed(body, 2010, 2019)),
        (Selection(names=["lantern meridian"]), lambda body: b"MERIDIAN LANTERN" in body.upper()),
    ],
)
async def test_only_what_is_selected_is_fetched(settings: Settings, selection: Selection, expected: object) -> None:
    """Forms in any case and with globs, dates, and words of a name select as they say."""
    await sync(settings, selection)
    assert callable(expected)
    wanted = {accession for accession, body in submissions().items() if expected(body)}
    assert wanted
    assert set(stored(settings)) == wanted


def _filed(body: bytes, first: int, last: int) -> bool:
    year = int(body.split(b"FILED AS OF DATE:\t\t")[1][:4])
    return first <= year <= last


async def test_limit_takes_the_newest_and_reads_no_older_index(edgar: LoopbackEdgar, settings: Settings) -> None:
    """A limit is the newest so many, the same in the next run."""
    first = await sync(settings, Selection(forms=["*"], limit=2))
    again = await sync(settings, Selection(forms=["*"], limit=2))
    newest = sorted(submissions().values(), key=lambda body: body.split(b"FILED AS OF DATE:\t\t")[1][:8])[-2:]
    assert sorted(stored(settings).values()) == sorted(newest)
    assert (first.planned, first.stored, again.present, again.stored) == (2, 2, 2, 0)
    assert not edgar.requests_for("/Archives/edgar/full-index/1994")


@pytest.mark.parametrize(
    "fault",
    [
        faults.maintenance_503(),
        faults.maintenance_200(),
        faults.server_error_500(),
        faults.empty_body(),
        faults.html_for_sgml(),
        faults.wrong_etag(),
        faults.flipped_byte(),
        faults.no_closing_tag(),
        faults.no_closing_tag_no_etag(),
        faults.short_body(),
        faults.cut_gzip(),
        faults.reset_mid_body(),
        faults.reset_before_answer(),
        faults.redirect_same_host(),
        faults.block_page_403(),
        faults.block_page_200(),
        faults.undeclared_200(),
        faults.too_many_requests_429(),
    ],
    ids=lambda fault: fault.name,
)
async def test_a_fault_that_passes_leaves_no_trace(edgar: LoopbackEdgar, settings: Settings, fault: Fault) -> None:
    """Whatever comes in place of a submission once, the true bytes are stored at the next attempt."""
    edgar.inject(fault, path=ONE, times=1)
    report = await sync(settings, Selection(forms=["8-K"], since="2004-12-01", until="2004-12-31"))
    assert (report.stored, report.failed) == (1, 0)
    assert stored(settings) == {ONE: submissions()[ONE]}
    assert len([r for r in edgar.requests_for(DATA) if ONE in r.path]) == 2


@pytest.mark.parametrize(
    "fault",
    [faults.flipped_byte(), faults.no_closing_tag_no_etag(), faults.html_for_sgml(), faults.redirect_other_host()],
    ids=lambda fault: fault.name,
)
async def test_a_fault_that_stays_is_reported_and_the_run_goes_on(
    edgar: LoopbackEdgar, settings: Settings, fault: Fault
) -> None:
    """One bad submission is named with its address and reason; all others are stored; the next run has it."""
    edgar.inject(fault, path=ONE, times=None)
    report = await sync(settings)
    assert report.failed == 1
    assert report.stored == len(submissions()) - 1
    assert [failure.accession for failure in report.failures] == [ONE]
    assert report.failures[0].url.endswith(f"{ONE}.txt")
    assert report.failures[0].message
    assert ONE not in stored(settings)
    edgar.clear_faults()
    assert (await sync(settings)).stored == 1
    assert stored(settings) == submissions()


async def test_a_body_that_fails_a_check_is_kept_for_a_person(edgar: LoopbackEdgar, settings: Settings) -> None:
    """The quarantine holds what was refused; nothing of it is under submissions/."""
    edgar.inject(faults.flipped_byte(), path=ONE, times=None)
    await sync(settings)
    assert [path.name for path in (settings.root / "quarantine").iterdir()] == [f"{ONE}.txt.gz"]
    assert not list((settings.root / "submissions").rglob(f"{ONE}*"))
    assert not list((settings.root / "incoming").iterdir())


async def test_another_submission_in_its_place_is_refused(edgar: LoopbackEdgar, settings: Settings) -> None:
    """A whole body of another accession number is not stored under this one."""
    other = next(body for accession, body in submissions().items() if accession != ONE)
    edgar.inject(Fault("swapped", alter=lambda answer: _with_body(answer, other)), path=ONE, times=None)
    report = await sync(settings, Selection(forms=["8-K"], since="2004-12-01", until="2004-12-31"))
    assert "another submission" in report.failures[0].message


def _with_body(answer: Answer, body: bytes) -> Answer:
    return dataclasses.replace(answer, body=body, etag_md5=None)


@pytest.mark.parametrize("fault", [faults.absent_403(), faults.no_such_key_404()], ids=lambda fault: fault.name)
async def test_absent_is_neither_failed_nor_retried(edgar: LoopbackEdgar, settings: Settings, fault: Fault) -> None:
    """EDGAR's "does not exist" is taken at its word, with one request."""
    edgar.inject(fault, path=ONE, times=None)
    report = await sync(settings)
    assert (report.absent, report.failed) == (1, 0)
    assert len([r for r in edgar.requests_for(DATA) if ONE in r.path]) == 1


async def test_a_block_stops_all_requests_for_the_pause(edgar: LoopbackEdgar, settings: Settings) -> None:
    """After a block page no request starts before the pause is over."""
    edgar.inject(faults.block_page_200(), path=ONE, times=1)
    await sync(settings.replace(block_pause_s=1.0, concurrency=1))
    times = [record.monotonic_s for record in edgar.requests]
    blocked = next(i for i, record in enumerate(edgar.requests) if ONE in record.path)
    assert times[blocked + 1] - times[blocked] >= 1.0
    assert stored(settings) == submissions()


async def test_blocks_that_do_not_end_end_the_run(edgar: LoopbackEdgar, settings: Settings) -> None:
    """Where every answer is a block page the run gives up after a few pauses, and what was stored stays."""
    edgar.inject(faults.block_page_403(), path=f"{DATA}/*", times=None)
    with pytest.raises(BlockedError):
        await sync(settings)
    assert len(edgar.requests_for(DATA)) <= 3 * settings.concurrency
    assert stored(settings) == {}


async def test_nobody_there_is_unreachable(tmp_path: Path) -> None:
    """A refused connection is said as such, after some attempts."""
    nobody = Settings(root=tmp_path / "b", base_url="http://127.0.0.1:9", user_agent="T t@example.com", rate=1000)
    with pytest.raises(UnreachableError, match="cannot connect"):
        await sync(nobody)


async def test_an_index_that_cannot_be_read_ends_the_run(edgar: LoopbackEdgar, settings: Settings) -> None:
    """Without the index the plan would be wrong, so nothing is planned."""
    edgar.inject(faults.html_for_sgml(), path="/Archives/edgar/full-index/2004/QTR4/master.gz", times=None)
    with pytest.raises(UnreachableError, match="2004/QTR4"):
        await sync(settings, Selection(forms=["8-K"], since="2004-12-01", until="2004-12-31"))


async def test_the_rate_holds_in_every_window(edgar: LoopbackEdgar, settings: Settings) -> None:
    """No one-second window of the server's own clock holds more than `rate` requests, index files counted."""
    rate = 10
    began = time.monotonic()
    await sync(settings.replace(rate=float(rate)), EVERYTHING)
    times = [record.monotonic_s for record in edgar.requests if record.monotonic_s >= began]
    assert len(times) > 2 * rate
    for first in times:
        assert len([t for t in times if first <= t < first + 1]) <= rate


async def test_dry_run_writes_nothing(edgar: LoopbackEdgar, settings: Settings) -> None:
    """A plan without an archive makes no archive and asks for no submission."""
    async with Mirror(settings) as mirror:
        dry_run = await mirror.dry_run(EVERYTHING)
    assert dry_run.requests == len(submissions())
    assert not settings.root.exists()
    assert not edgar.requests_for(DATA)


async def test_a_withdrawn_submission_is_marked_and_kept(edgar: LoopbackEdgar, settings: Settings) -> None:
    """What vanishes from EDGAR's index stays on disk with a mark, which goes when it comes back."""
    other = submissions()[ONE].replace(ONE.encode(), b"0009000900-04-000102")
    edgar.add(other)
    await sync(settings)
    edgar.remove(ONE)
    assert (await sync(settings, after_days=31)).withdrawn == 0
    assert (await sync(settings, after_days=32)).withdrawn == 1
    assert (await sync(settings, after_days=33)).withdrawn == 0
    with Archive.open(settings.root) as archive:
        assert archive.record(ONE).withdrawn_at is not None
        assert archive.read(ONE) == submissions()[ONE]
    edgar.add(submissions()[ONE])
    await sync(settings, after_days=90)
    with Archive.open(settings.root) as archive:
        assert archive.record(ONE).withdrawn_at is None


async def test_an_orphan_file_is_taken_in_without_a_request(edgar: LoopbackEdgar, settings: Settings) -> None:
    """A file whose row was lost (a kill between the two) costs no second request."""
    await sync(settings)
    (settings.root / "catalogue.sqlite3").unlink()
    for leftover in settings.root.glob("catalogue.sqlite3-*"):
        leftover.unlink()
    asked = len(edgar.requests_for(DATA))
    await sync(settings)
    assert len(edgar.requests_for(DATA)) == asked
    assert stored(settings) == submissions()


async def test_all_of_edgar_must_be_asked_for(settings: Settings) -> None:
    """An empty selection is an error, not 16 TB."""
    with pytest.raises(UsageError, match="nothing is selected"):
        await sync(settings, Selection())


@pytest.mark.parametrize("since", ["1993-01-01", "2004-10-01"])
async def test_a_server_without_any_index_is_not_edgar(settings: Settings, since: str) -> None:
    """EDGAR has one of each finished quarter, and a list of years: an address with neither is wrong."""
    elsewhere = settings.replace(base_url=f"{settings.base_url}/Archives")
    selection = Selection(forms=["*"], since=since, until="2004-12-31")
    with pytest.raises(UnreachableError, match="no index at all"):
        await sync(elsewhere, selection)
    await sync(settings, selection)
    assert (await sync(elsewhere, selection)).present == len(stored(settings))


async def test_a_quarter_that_has_just_begun_has_no_index_yet(settings: Settings) -> None:
    """There is nothing to fetch, and nothing is wrong."""
    today = datetime.now(UTC).date().isoformat()
    assert (await sync(settings, Selection(forms=["*"], since=today))).planned == 0


async def test_one_writer_at_a_time(settings: Settings) -> None:
    """A second sync of the same archive says so and ends."""
    with Archive.open(settings.root, writable=True, create=True), pytest.raises(LockedError):
        await sync(settings)


async def test_cancelling_a_sync_leaves_a_clean_archive(edgar: LoopbackEdgar, settings: Settings) -> None:
    """Cancelled in the middle of a body, nothing half-written stays, and the next run completes."""
    edgar.inject(faults.trickle(pieces=100), path=f"{DATA}/*", times=None)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(sync(settings, Selection(forms=["*"], since="2004-10-01")), timeout=3)
    assert edgar.requests_for(DATA)
    edgar.clear_faults()
    assert not list((settings.root / "incoming").iterdir())
    await sync(settings)
    assert stored(settings) == submissions()


async def test_a_removed_file_is_not_reported_as_present(settings: Settings) -> None:
    """Though an earlier run finished its quarter: the next one misses it, and fetches it again."""
    first = await sync(settings)
    with Archive.open(settings.root) as archive:
        place = archive.layout.submission(ONE)
    data = place.read_bytes()
    place.unlink()
    report = await sync(settings)
    assert (report.planned, report.stored, report.present) == (first.planned, 1, first.planned - 1)
    assert place.read_bytes() == data
    again = await sync(settings)
    assert (again.planned, again.present, again.stored) == (first.planned, first.planned, 0)
