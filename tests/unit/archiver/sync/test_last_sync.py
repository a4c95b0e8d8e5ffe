from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from archiver.catalogue.catalogue import Catalogue
from archiver.errors import DamageError
from archiver.identifiers import AccessionNumber
from archiver.reports import SyncFailure, SyncReport
from archiver.selection.selection import Selection
from archiver.sync.last_sync import last_sync, last_sync_ended, selection_values
from tests.unit.archives import STORED

FAILURE = SyncFailure(AccessionNumber("0001193125-04-218426"), "", "FetchError", "no")
OLD = {"began": "2024-01-02T03:04:05+00:00", "ended": None, "stopped": None, "planned": 3, "present": 1, "stored": 0}


def test_the_last_sync_is_told_by_the_journal(tmp_path: Path) -> None:
    """The newest that was a sync, and the end of the newest that came to one."""
    with Catalogue(tmp_path / "c", writable=True) as catalogue:
        assert (last_sync(catalogue), last_sync_ended(catalogue)) == (None, None)
        done = catalogue.runs.begin("sync", {}, began=STORED)
        report = SyncReport(planned=3, stored=2, failed=1, failures=(FAILURE,))
        catalogue.runs.end(done, report, ended=STORED, outcome="done")
        state = last_sync(catalogue)
        assert state is not None
        assert (state.run, state.ended, state.stopped) == (done, "2024-01-02T03:04:05+00:00", None)
        assert (state.planned, state.stored, state.failed, state.behind) == (3, 2, 1, 1)
        assert state.failures == (FAILURE.accession,)
        stopped = catalogue.runs.begin("feed", {}, began=STORED)
        catalogue.runs.end(stopped, SyncReport(planned=3), ended=STORED + timedelta(days=1), outcome="stopped")
        catalogue.runs.begin("import", {}, began=STORED)
        state = last_sync(catalogue)
        assert state is not None
        assert (state.run, state.ended, state.stopped) == (stopped, None, "2024-01-03T03:04:05+00:00")
        assert last_sync_ended(catalogue) == "2024-01-02T03:04:05+00:00"


def test_a_running_sync_has_a_rate_and_an_end(tmp_path: Path) -> None:
    """By what it has fetched, not by what was there before; one that has ended has neither."""
    with Catalogue(tmp_path / "c", writable=True) as catalogue:
        run = catalogue.runs.begin("sync", {}, began=STORED)
        state = last_sync(catalogue)
        assert state is not None
        assert (state.rate, state.eta_s) == (None, None)
        report = SyncReport(planned=1000, present=500, stored=90, failed=10)
        catalogue.runs.update(run, report, updated=STORED + timedelta(seconds=50))
        state = last_sync(catalogue)
        assert state is not None
        assert (state.rate, state.eta_s) == (2.0, 200.0)
        catalogue.runs.end(run, report, ended=STORED + timedelta(seconds=60), outcome="stopped")
        state = last_sync(catalogue)
        assert state is not None
        assert (state.rate, state.eta_s) == (None, None)


def test_an_archive_from_before_the_journal_has_notes(tmp_path: Path) -> None:
    """Its last sync is told by them, until there is one in the journal."""
    with Catalogue(tmp_path / "c", writable=True) as catalogue:
        catalogue.set_note("sync", json.dumps(OLD | {"absent": 0, "failed": 0, "failures": []}))
        catalogue.set_note("last_sync", "2024-01-01T00:00:00+00:00")
        state = last_sync(catalogue)
        assert state is not None
        assert (state.began, state.planned, state.behind, state.run) == (OLD["began"], 3, 2, None)
        assert last_sync_ended(catalogue) == "2024-01-01T00:00:00+00:00"


@pytest.mark.parametrize("note", ["", "[]", "{}", '{"began": 7}', json.dumps(OLD | {"planned": "three"})])
def test_a_damaged_note_is_damage(tmp_path: Path, note: str) -> None:
    """And no crash."""
    with Catalogue(tmp_path / "c", writable=True) as catalogue:
        catalogue.set_note("sync", note)
        with pytest.raises(DamageError, match="in the note 'sync'"):
            last_sync(catalogue)


def test_what_was_asked_for_is_plain_json() -> None:
    """Only what narrows it, dates as ISO text."""
    selection = Selection(["8-K"], ciks=[1056386], since="2004-12-01")
    assert json.loads(json.dumps(selection_values([selection], refresh=True))) == {
        "select": [{"forms": ["8-K"], "ciks": [1056386], "since": "2004-12-01"}],
        "refresh": True,
    }
