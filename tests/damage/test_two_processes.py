"""Two at once: writers exclude each other, readers are never disturbed."""

from __future__ import annotations

import time
from pathlib import Path

from archiver.audit.verify import verify_files
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive import import_submissions
from tests.damage.phases import originals, outcome
from tests.edgar_fixtures import CommandLine
from tests.loopback import LoopbackEdgar, faults

SYNC = ("sync", "--form", "*", "--since", "2003-01-01")


def test_while_a_sync_runs_others_read_and_none_writes(
    edgar: LoopbackEdgar, settings: Settings, cli: CommandLine, tmp_path: Path
) -> None:
    """Import, index and repair end with 6; search, show, status and verify answer; the sync ends as if alone."""
    import_submissions([originals(tmp_path)], settings=settings)
    edgar.inject(faults.trickle(pieces=10, pause_s=0.3), path="/Archives/edgar/data/*", times=None)
    with cli.start(*SYNC, EDGARCHIVE_CONCURRENCY="1") as process:
        while not edgar.requests_for("/Archives/edgar/data/"):
            assert process.poll() is None
            time.sleep(0.01)
        for verb in (("import", str(originals(tmp_path))), ("index", "--rebuild"), ("verify", "--repair")):
            done = cli.run(*verb)
            assert done.returncode == 6, (verb, done.stderr.decode())
            assert len(done.stderr.decode().splitlines()) == 1
        for question in (("search", "resigned"), ("show", "0009000900-04-000200"), ("status",)):
            assert cli.run(*question).returncode == 0, question
        with Archive.open(settings.root) as archive:
            assert {finding.kind for finding in verify_files(archive).findings} <= {"uncatalogued"}
        edgar.clear_faults()
        process.communicate(timeout=100)
    assert process.returncode == 0
    assert len(outcome(settings.root).files) >= 12
