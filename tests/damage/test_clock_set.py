"""A clock that is wrong by years, or runs backwards: nothing is lost or marked, and the right one completes all."""

from __future__ import annotations

import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from tests.damage.disk import compiler
from tests.damage.phases import outcome
from tests.edgar_fixtures import CommandLine, command_line
from tests.loopback import FIXTURES, LoopbackEdgar

SYNC = ("sync", "--form", "*", "--since", "1993-01-01")
DATA = "/Archives/edgar/data"
COUNT = len(list(FIXTURES.glob("*.txt")))
YEAR_S = 366 * 86_400
WRONG = {
    "1972": {"CLOCK_S": str(int(datetime(1972, 1, 1, tzinfo=UTC).timestamp() - datetime.now(UTC).timestamp()))},
    "before the newest filings": {"CLOCK_S": str(-6 * YEAR_S)},
    "in 30 years": {"CLOCK_S": str(30 * YEAR_S)},
    "backwards": {"CLOCK_STEP_S": "-3600"},
    "by leaps": {"CLOCK_STEP_S": str(86_400)},
}


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled clock; skips where there is no compiler."""
    if compiler() is None:
        pytest.skip("no C compiler to make a wrong clock with")
    library = tmp_path_factory.mktemp("clock") / "clock.so"
    source = Path(__file__).with_name("clock.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source)], check=True)  # noqa: S607
    return library


def test_the_clock_is_wrong_for_a_process(clock: Path, cli: CommandLine) -> None:
    """What the other tests rely on: the preloaded clock is what Python reads."""
    environment = {"LD_PRELOAD": str(clock), "CLOCK_S": str(30 * YEAR_S)}
    shown = subprocess.run(["date", "+%Y"], env=cli.environment | environment, capture_output=True, check=True)  # noqa: S607
    assert int(shown.stdout) >= datetime.now(UTC).year + 29


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_sync_by_a_wrong_clock_is_completed_by_a_right_one(
    edgar: LoopbackEdgar, settings: Settings, tmp_path: Path, clock: Path, wrong: dict[str, str]
) -> None:
    """Whatever it takes is true, a day that has not come for it is not done with, and nothing comes twice."""
    cli = command_line(settings, tmp_path)
    done = cli.run(*SYNC, LD_PRELOAD=str(clock), **wrong)
    assert done.returncode == 0, done.stderr.decode()
    early = len(edgar.requests_for(DATA))
    assert cli.json("verify")["findings"] == []
    report = cli.json(*SYNC)
    assert (report["present"], report["stored"], report["withdrawn"]) == (early, COUNT - early, 0)
    assert len(edgar.requests_for(DATA)) == COUNT
    assert cli.json("verify")["findings"] == []
    never_wrong = command_line(settings.replace(root=tmp_path / "other"), tmp_path)
    never_wrong.json(*SYNC)
    assert outcome(settings.root) == outcome(tmp_path / "other")


@pytest.mark.parametrize("year", ["1972", "in 30 years"])
def test_a_whole_archive_is_left_alone_by_a_wrong_clock(
    edgar: LoopbackEdgar, settings: Settings, cli: CommandLine, clock: Path, year: str
) -> None:
    """Nothing is fetched again or marked as withdrawn, though the full index does not name the newest yet."""
    newest = (FIXTURES / "0009000900-23-000410.txt").read_bytes()
    edgar.add(newest.replace(b"0009000900-23-000410", b"0009000900-23-000400").replace(b"20230427", b"20230420"))
    edgar.hold_full_index(date(2023, 4, 21))
    cli.json(*SYNC)
    before = outcome(settings.root)
    asked = len(edgar.requests_for(DATA))
    for verb in (SYNC, (*SYNC, "--refresh"), ("index",), ("verify",), ("search", "resigned"), ("status",)):
        done = cli.run(*verb, LD_PRELOAD=str(clock), **WRONG[year])
        assert done.returncode == 0, (verb, done.stderr.decode())
    assert outcome(settings.root) == before
    assert len(edgar.requests_for(DATA)) == asked
    with Archive.open(settings.root) as archive:
        assert all(record.withdrawn_at is None for record in archive.catalogue.records())
