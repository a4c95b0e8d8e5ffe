"""``edgarchive status`` of an archive on disk."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from archiver.identifiers import AccessionNumber, Cik, FormType
from archiver.planning.plan import Plan, SubmissionRef
from archiver.planning.tally import Tally
from archiver.store.archive import Archive
from edgarchive.cli import run
from indexer.update.update import index_archive
from tests.unit.archives import keep
from tests.unit.submissions import ACCESSION, submission_bytes


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An archive with one indexed submission."""
    with Archive.open(tmp_path / "edgar", writable=True, create=True) as archive:
        keep(archive, ACCESSION, submission_bytes())
        index_archive(archive)
    return tmp_path / "edgar"


def test_an_index_that_cannot_be_searched_is_never_called_complete(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a search would say is said, with what to do about it."""
    assert run(["--root", str(root), "status"]) == 0
    assert "all indexed" in capsys.readouterr().out
    (root / "index" / "meta.json").write_text('{"schema": 99, "engine": "whoosh"}')
    assert run(["--root", str(root), "status"]) == 0
    out = capsys.readouterr().out
    assert "all indexed" not in out
    assert "the index cannot be searched: " in out
    assert "run `edgarchive index --rebuild`" in out
    assert run(["--root", str(root), "status", "--json"]) == 0
    assert "--rebuild" in json.loads(capsys.readouterr().out)["index_error"]


def test_a_sync_that_is_still_planning_says_so(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """How many submissions there will be is known once EDGAR's indexes are read; until then there is no share done."""
    with Archive.open(root, writable=True) as archive:
        began = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)
        number = archive.catalogue.runs.begin("sync", {}, began=began)
        with Plan() as plan:
            tally = Tally(plan)
            tally.is_planning = True
            plan.add([SubmissionRef(AccessionNumber(ACCESSION), FormType("8-K"), date(2004, 12, 22), Cik(1))])
            archive.catalogue.runs.update(number, tally.so_far(), updated=began)
            run(["--root", str(root), "status"])
            said = capsys.readouterr().out
            assert "a sync that began 2026-11-20 16:30:00 UTC (planning) is running" in said
            tally.is_planning = False
            archive.catalogue.runs.update(number, tally.so_far(), updated=began)
        run(["--root", str(root), "status"])
        assert "(0 of 1 submission, 0%) is running" in capsys.readouterr().out
