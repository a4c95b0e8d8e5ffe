"""What EDGAR's indexes name, however they name it, and what a later run makes of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import shutil
import sqlite3
import threading
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import pytest
from aiohttp import web

from archiver.edgar.endpoints import quarters
from archiver.errors import EdgarchiveError, UsageError
from archiver.identifiers import AccessionNumber
from archiver.reports import DryRun, SyncReport
from archiver.selection.selection import Selection
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive.mirror import Mirror
from indexer.search.library import Library
from tests.edgar_fixtures import CommandLine
from tests.loopback import FIXTURES, LoopbackEdgar, faults
from tests.loopback.answers import WireAnswer

EVERYTHING = Selection(forms=["*"], since="1993-01-01")
ALL = len(list(FIXTURES.glob("*.txt")))
ONE = AccessionNumber("0009000900-04-000101")
FILED = date(2004, 12, 22)
DECEMBER = Selection(forms=["8-K"], since="2004-12-01", until="2004-12-31")
DATA = "/Archives/edgar/data"


async def sync(settings: Settings, *selections: Selection, after_days: int = 0) -> SyncReport:
    """One sync, so many days from now; finished quarters are read again once a month."""
    async with Mirror(settings, clock=lambda: datetime.now(UTC) + timedelta(after_days)) as mirror:
        return await mirror.sync(selections or EVERYTHING, index=False)


async def dry_run(settings: Settings, *selections: Selection) -> DryRun:
    """One plan."""
    async with Mirror(settings) as mirror:
        return await mirror.dry_run(selections or EVERYTHING)


def statuses(edgar: LoopbackEdgar, name: str, *, since: int) -> list[int]:
    """How the requests after the first `since` ones for files of this name were answered."""
    return [record.status for record in edgar.requests[since:] if record.path.rpartition("/")[2].startswith(name)]


async def test_what_only_the_daily_index_has_is_mirrored(edgar: LoopbackEdgar, settings: Settings) -> None:
    """The full index is rebuilt once a week; a filing of yesterday is had today, and counts once when both have it."""
    edgar.hold_full_index(date(2004, 12, 21))
    assert (await sync(settings, DECEMBER)).stored == 1
    with Archive.open(settings.root) as archive:
        assert not archive.record(ONE).listed
    edgar.hold_full_index(None)
    report = await sync(settings, DECEMBER, after_days=31)
    assert (report.planned, report.present, report.withdrawn) == (1, 1, 0)
    with Archive.open(settings.root) as archive:
        assert archive.record(ONE).listed
        assert archive.record(ONE).withdrawn_at is None


async def test_what_the_full_index_has_not_yet_is_not_withdrawn(edgar: LoopbackEdgar, settings: Settings) -> None:
    """Two runs before the full index is rebuilt change nothing."""
    edgar.hold_full_index(date(2004, 12, 21))
    await sync(settings)
    report = await sync(settings)
    assert (report.withdrawn, report.present, report.planned) == (0, ALL, ALL)


@pytest.mark.parametrize("quarter", [(1994, 4), (1996, 1), (2004, 4)])
async def test_daily_indexes_are_read_in_every_spelling(tmp_path: Path, quarter: tuple[int, int]) -> None:
    """MMDDYY, YYMMDD and YYYYMMDD, plain and gzip, of quarters that have no full index at all."""
    with LoopbackEdgar(FIXTURES, daily_gz_quarters=[quarter]) as edgar:
        edgar.hold_full_index(date(1993, 1, 1))
        plain = Settings(root=tmp_path / "a", base_url=edgar.base_url, user_agent="T t@example.com", rate=10_000)
        report = await sync(plain, Selection(since=f"{quarter[0]}-01-01", until=f"{quarter[0]}-12-31"))
        assert (report.stored, report.absent) == (1, 0)


async def test_a_finished_quarter_is_asked_for_once_a_month(edgar: LoopbackEdgar, settings: Settings) -> None:
    """Until then not at all; then by one request, which says that nothing has changed. The plan stays the same."""
    await sync(settings, DECEMBER)
    asked = []
    for day in range(1, 61):
        before = len(edgar.requests)
        report = await sync(settings, DECEMBER, after_days=day)
        assert (report.planned, report.present) == (1, 1)
        asked += [(day, record.path.rpartition("/")[2]) for record in edgar.requests[before:]]
    days = sorted({day for day, _ in asked})
    assert len(days) == 2
    assert days[1] - days[0] == 30
    assert [name for _, name in asked] == ["master.gz"] * 2


async def test_a_finished_quarter_whose_kept_index_is_gone_is_read_again(
    edgar: LoopbackEdgar, settings: Settings
) -> None:
    """The folder of kept indexes may be deleted at any time; so one can have them read again at once."""
    await sync(settings, DECEMBER)
    shutil.rmtree(settings.root / "indexes")
    before = len(edgar.requests)
    assert (await sync(settings, DECEMBER)).present == 1
    assert statuses(edgar, "master", since=before) == [HTTPStatus.OK]


@pytest.mark.parametrize("selections", [1, 40])
async def test_a_night_with_nothing_new_takes_few_requests(
    edgar: LoopbackEdgar, settings: Settings, selections: int
) -> None:
    """Twelve at most, for all of EDGAR's years and however many selections, any night of a month."""
    for quarter in quarters(None, datetime.now(UTC).date() - timedelta(days=200)):  # EDGAR has an index of each
        filed, number = f"{quarter.first_day:%Y%m%d}", f"0009000900-{quarter.year % 100:02}-{quarter.number:06}"
        body = (FIXTURES / f"{ONE}.txt").read_bytes().replace(ONE.encode(), number.encode())
        edgar.add(body.replace(b"20041222", filed.encode()))
    wanted = [Selection(forms=[f"8-K{'*' * (number + 1)}"], tickers=["MLAN"]) for number in range(selections)]
    await sync(settings, *wanted)
    most = 0
    for day in range(40):
        before = len(edgar.requests)
        report = await sync(settings, *wanted, after_days=day)
        assert report.stored == 0
        most = max(most, len(edgar.requests) - before)
    assert 0 < most <= 12


async def test_each_request_is_explained(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """With -v the log says what each request for an index is for."""
    with caplog.at_level(logging.INFO):
        report = await sync(settings, DECEMBER)
    events = [record.__dict__["fields"] for record in caplog.records if record.__dict__.get("event") == "asking"]
    assert len(events) + report.stored == report.requests
    assert all(fields["why"] for fields in events)


async def test_a_change_of_a_finished_quarter_is_seen_within_a_month(edgar: LoopbackEdgar, settings: Settings) -> None:
    """A filing that EDGAR adds late to an old quarter is had, with one request for it."""
    late = (FIXTURES / f"{ONE}.txt").read_bytes().replace(ONE.encode(), b"0009000900-04-000102")
    await sync(settings, DECEMBER)
    edgar.add(late)
    before = len(edgar.requests_for(DATA))
    report = await sync(settings, DECEMBER, after_days=31)
    assert (report.stored, report.present) == (1, 1)
    assert len(edgar.requests_for(DATA)) == before + 1


async def test_an_index_that_edgar_does_not_have_any_more_is_said(
    edgar: LoopbackEdgar, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """An AccessDenied for an index that was read before selects what it selected, with a warning."""
    await sync(settings, DECEMBER)
    edgar.inject(faults.absent_403(), path="*/full-index/*", times=None)
    edgar.inject(faults.absent_403(), path="*/daily-index/*", times=None)
    other = Selection(ciks=[9000001], since="2004-12-01", until="2004-12-31")
    report = await sync(settings, other, after_days=31)
    assert (report.planned, report.present) == (1, 1)
    assert "EDGAR no longer has it" in caplog.text


async def test_a_removed_row_is_had_again(settings: Settings) -> None:
    """What a person takes out of the catalogue and the archive is missing, though no index has changed."""
    await sync(settings)
    with contextlib.closing(sqlite3.connect(settings.root / "catalogue.sqlite3")) as connection, connection:
        connection.execute("DELETE FROM submission WHERE accession = ?", (ONE,))
    connection.close()
    with Archive.open(settings.root) as archive:
        archive.layout.submission(ONE).unlink()
    report = await sync(settings)
    assert (report.planned, report.stored, report.present) == (ALL, 1, ALL - 1)


@pytest.mark.parametrize("damage", ["gone", "cut"])
async def test_a_file_that_is_gone_or_cut_is_had_again(
    settings: Settings, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A row alone is not a submission: the plan looks at the file, and says what it has found."""
    await sync(settings, DECEMBER)
    with Archive.open(settings.root) as archive:
        path = archive.layout.submission(ONE)
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-100])
    report = await sync(settings, Selection(ciks=[9000001], since="2004-10-01", until="2004-12-31"))
    assert (report.stored, report.present, report.failed) == (1, 0, 0)
    assert "on disk" in caplog.text
    with Archive.open(settings.root) as archive:
        assert archive.read(ONE) == (FIXTURES / f"{ONE}.txt").read_bytes()


async def test_what_failed_is_tried_again_by_the_next_run(edgar: LoopbackEdgar, settings: Settings) -> None:
    """A quarter with a failure is never taken for finished."""
    edgar.inject(faults.html_for_sgml(), path=ONE, times=None)
    assert (await sync(settings)).failed == 1
    page = settings.root / "quarantine" / f"{ONE}.html"
    assert b"<html" in page.read_bytes().lower()
    edgar.clear_faults()
    assert (await sync(settings)).stored == 1
    assert not page.exists()


async def test_a_later_selection_asks_for_nothing_twice(edgar: LoopbackEdgar, settings: Settings) -> None:
    """Another selection over the same filings finds them on disk."""
    await sync(settings)
    before = len(edgar.requests_for(DATA))
    report = await sync(settings, DECEMBER, Selection(ciks=[9000001]))
    assert (report.stored, report.present) == (0, report.planned)
    assert report.planned > 1
    assert len(edgar.requests_for(DATA)) == before


async def test_a_dry_run_counts_what_earlier_runs_finished(settings: Settings) -> None:
    """Before and after, its numbers are those of a sync; it leaves the archive as it was."""
    before = await dry_run(settings)
    assert (before.planned, before.present, before.requests) == (ALL, 0, ALL)
    assert sum(before.missing.values()) == ALL
    await sync(settings)
    after = await dry_run(settings)
    assert (after.planned, after.present, after.requests, after.missing) == (ALL, ALL, 0, {})


async def test_tickers_select_the_companies_of_edgars_list(settings: Settings) -> None:
    """Beside CIKs, as alternatives."""
    by_ticker = await dry_run(settings, Selection(tickers=["mlan"], ciks=[9000004]))
    by_cik = await dry_run(settings, Selection(ciks=[9000001, 9000004]))
    assert by_ticker.planned == by_cik.planned > 0


async def test_an_unknown_ticker_ends_the_run_before_anything_else(edgar: LoopbackEdgar, settings: Settings) -> None:
    """Nothing is fetched for a selection that is not the one meant."""
    with pytest.raises(UsageError, match="did you mean MLAN"):
        await sync(settings, Selection(tickers=["MLAM"]))
    assert {record.path for record in edgar.requests} == {"/files/company_tickers.json"}


def test_a_form_that_nobody_files_is_said(cli: CommandLine) -> None:
    """A slip of the pen is no error, and no silence either."""
    done = cli.run("sync", "--form", "8K", "--since", "2004-12-01", "--until", "2004-12-31")
    assert done.returncode == 0
    assert b"no filing on these dates has the form 8K; did you mean 8-K?" in done.stderr


def test_a_bare_sync_does_what_the_settings_say(cli: CommandLine, tmp_path: Path) -> None:
    """For cron: several tables, a list of CIKs beside the file, a ticker; options on the command line replace them."""
    assert b"[[select]]" in cli.run("sync").stderr
    (tmp_path / "edgarchive.toml").write_text(
        '[[select]]\nforms = ["8-K"]\nsince = 2004-12-01\nuntil = 2004-12-31\n'
        '[[select]]\ncik = "@watch.txt"\nform = "10-K*"\nsince = 1990\n[[select]]\nticker = "TSGD"\nlimit = 1\n'
    )
    (tmp_path / "watch.txt").write_text("9000001\n0009000007  # a 10-K a year\n")
    report = cli.json("sync", "--no-index")
    assert report["stored"] == report["planned"] == 3
    assert cli.json("sync", "--no-index")["present"] == report["planned"]
    assert (
        cli.json("sync", "--no-index", "--form", "8-K", "--since", "2004-12-01", "--until", "2004-12-31")["planned"]
        == 1
    )


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('form_type = ["8-K"]', "did you mean 'form'?"),
        ('since = "soon"', "[[select]] table 1: 'soon' is not a date"),
        ("ciks = [0.5]", "select: table 1: ciks: "),
        ('ciks = ["abc"]', "[[select]] table 1: 'abc' is not a CIK"),
        ('ciks = ["@none.txt"]', "[[select]] table 1: cannot read the CIKs of none.txt"),
        ("", "[[select]] table 1: nothing is selected"),
        ('forms = ["8-K"]\nciks = []', "[[select]] table 1: cik is an empty list"),
        ('forms = ["8-K"]\nnames = []', "[[select]] table 1: name is an empty list"),
        ('ciks = ["@empty.txt"]\nforms = ["8-K"]', "[[select]] table 1: empty.txt has no CIK, so it selects nothing"),
    ],
)
def test_a_select_table_that_cannot_be_used_is_said(cli: CommandLine, tmp_path: Path, table: str, message: str) -> None:
    """Which table, what is wrong with it, and nothing is done."""
    (tmp_path / "empty.txt").touch()
    (tmp_path / "edgarchive.toml").write_text(f"[[select]]\n{table}\n")
    done = cli.run("sync")
    assert (done.returncode, done.stdout) == (2, b"")
    assert message in done.stderr.decode()


def test_status_says_what_is_behind(cli: CommandLine, edgar: LoopbackEdgar) -> None:
    """After a failure, and after a run that EDGAR ended."""
    assert cli.run("sync", "--form", "8-K", "--since", "2004-12-01", "--until", "2004-12-31").returncode == 0
    assert b"last sync failed" not in cli.run("status").stdout
    edgar.inject(faults.redirect_other_host(), path="0009000900-05-000088", times=None)
    assert cli.run("sync", "--form", "*", "--since", "2004-12-01", "--until", "2005-12-31").returncode == 3
    status = cli.run("status").stdout.decode()
    assert "the last sync failed to get 1 of 2 submissions" in status
    assert "0009000900-05-000088" in status
    edgar.inject(faults.block_page_403(), path=f"{DATA}/*", times=None)
    assert cli.run("sync", "--form", "*", "--since", "2010-01-01").returncode == 4
    assert re.search(r"the last sync stopped \d{4}-\d\d-\d\d [\d:]{8} UTC, ", cli.run("status").stdout.decode())
    state = cli.json("status")["sync"]
    assert state["stopped"]
    assert state["planned"] > state["present"] + state["stored"]


async def test_what_a_long_sync_has_stored_is_searched_while_it_runs(edgar: LoopbackEdgar, settings: Settings) -> None:
    """And its counts stand in the journal, for a `status` in another process."""
    gate = threading.Event()

    async def held(request: web.Request, wire: WireAnswer) -> web.StreamResponse:
        while not gate.is_set():  # noqa: ASYNC110 — it is set by another thread
            await asyncio.sleep(0.05)
        return await faults.send_whole(request, wire)

    edgar.inject(faults.Fault("held", send=held), path="0009000900-02-000013", times=None)
    settings = settings.replace(index_every_s=0.2)
    async with Mirror(settings) as mirror:
        task = asyncio.create_task(mirror.sync(EVERYTHING))
        found, state = 0, None
        while not task.done() and not (found and state and state.stored):
            await asyncio.sleep(0.2)
            with contextlib.suppress(EdgarchiveError), Library(settings.root) as library:
                found = await asyncio.to_thread(lambda opened: opened.search("resigned").total, library)
                state = library.status().sync
        assert not task.done()
        assert state is not None
        assert (state.planned, state.ended, state.stopped) == (ALL, None, None)
        assert state.rate
        gate.set()
        report = await task
    assert (report.stored, report.indexed) == (ALL, ALL)


def test_the_report_is_printed_where_indexing_fails(cli: CommandLine, settings: Settings) -> None:
    """Everything is stored by then; the error says what went wrong, and its exit code stands."""
    assert cli.run("sync", "--form", "8-K", "--since", "2004-12-01", "--until", "2004-12-31").returncode == 0
    shutil.rmtree(settings.root / "index")
    away = {"EDGARCHIVE_ENGINE": "opensearch", "EDGARCHIVE_OPENSEARCH_URL": "http://127.0.0.1:9"}
    done = cli.run("sync", "--form", "*", "--since", "2005-03-01", "--until", "2005-03-31", "--json", **away)
    assert done.returncode not in {0, 1}
    assert json.loads(done.stdout)["stored"] == 1
    assert done.stderr.count(b"\n") == 1
