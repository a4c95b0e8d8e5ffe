"""The network lost in the middle of bodies and before answers, for a while or for good; EDGAR's server stopped."""

from __future__ import annotations

import pytest

from archiver.settings.settings import Settings
from edgarchive import sync_archive
from tests.damage.phases import ALL
from tests.damage.phases import faults as archive_faults
from tests.edgar_fixtures import CommandLine
from tests.loopback import FIXTURES, LoopbackEdgar, faults

SYNC = ("sync", "--form", "*", "--since", "2003-01-01")
DATA = "/Archives/edgar/data/*"


@pytest.mark.parametrize("name", ["short_body", "reset_mid_body", "reset_before_answer", "cut_gzip", "empty_body"])
def test_lost_in_a_body(edgar: LoopbackEdgar, settings: Settings, name: str) -> None:
    """Some bodies come broken once: they are asked for again, and nothing half is ever kept."""
    edgar.inject(faults.FAULTS[name](), path=DATA, times=4)
    report = sync_archive(ALL, settings=settings)
    assert (report.stored, report.failures) == (report.planned, ())
    assert archive_faults(settings.root) == []


def test_a_server_that_is_gone(settings: Settings, cli: CommandLine) -> None:
    """It ends with 4 in one line; what the archive has stays readable."""
    with LoopbackEdgar(FIXTURES) as other:
        away = {"EDGARCHIVE_BASE_URL": other.base_url}
    sync_archive(ALL, settings=settings)
    done = cli.run(*SYNC, **away)
    assert done.returncode == 4, done.stderr.decode()
    assert done.stderr.decode().splitlines()[-1].startswith("edgarchive: ")
    assert b"Traceback" not in done.stderr
    assert archive_faults(settings.root) == []
