from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from archiver.catalogue.catalogue import Catalogue
from archiver.catalogue.records import older_version
from archiver.identifiers import AccessionNumber
from archiver.reports import SyncFailure, SyncReport
from tests.unit.archives import STORED, catalogue_record

ONE, TWO = "0001193125-04-000001", "0001193125-04-000002"
FAILURE = SyncFailure(AccessionNumber(TWO), "", "FetchError", "no")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the catalogue is."""
    return tmp_path / "catalogue.sqlite3"


@pytest.fixture
def catalogue(path: Path) -> Iterator[Catalogue]:
    """An empty catalogue, open for writing."""
    with Catalogue(path, writable=True) as made:
        yield made


def test_a_run_is_what_was_noted_of_it(catalogue: Catalogue) -> None:
    """From its beginning over its counts to its end; the moments are those that were given."""
    number = catalogue.runs.begin("sync", {"select": [{"forms": ["8-K"]}]}, began=STORED)
    run = catalogue.runs.get(number)
    assert run is not None
    assert (run.number, run.verb, run.selection) == (1, "sync", {"select": [{"forms": ["8-K"]}]})
    assert (run.began, run.updated, run.ended, run.outcome, run.planned) == (STORED, STORED, None, None, 0)
    later = STORED + timedelta(minutes=1)
    catalogue.runs.update(number, SyncReport(planned=9, present=2, stored=3), updated=later)
    run = catalogue.runs.get(number)
    assert run is not None
    assert (run.updated, run.ended, run.behind) == (later, None, 4)
    report = SyncReport(planned=9, present=2, stored=6, failed=1, bytes=70, requests=8, failures=(FAILURE,))
    catalogue.runs.end(number, report, ended=later, outcome="stopped", message="EDGAR is away")
    run = catalogue.runs.get(number)
    assert run is not None
    assert (run.ended, run.outcome, run.message) == (later, "stopped", "EDGAR is away")
    assert (run.stored, run.failed, run.bytes, run.requests, run.failures) == (6, 1, 70, 8, (TWO,))
    assert catalogue.runs.get(2) is None


@pytest.mark.parametrize("number", [0, -1, (1 << 63) - 1, 1 << 63, 10**30])
def test_a_number_of_no_run_is_none(catalogue: Catalogue, number: int) -> None:
    """However large it is."""
    assert catalogue.runs.get(number) is None


def test_the_newest_run_comes_first(catalogue: Catalogue) -> None:
    """All of them, so many, or those of some verbs."""
    for verb in ("sync", "import", "feed", "import"):
        catalogue.runs.begin(verb, {}, began=STORED)
    assert [run.number for run in catalogue.runs.latest()] == [4, 3, 2, 1]
    assert [run.number for run in catalogue.runs.latest(2)] == [4, 3]
    assert [run.number for run in catalogue.runs.latest(1, verbs=("sync", "feed"))] == [3]
    assert list(catalogue.runs.latest(0)) == []


def test_what_a_run_stored_is_told_after_newer_bytes_came(catalogue: Catalogue) -> None:
    """Bytes that stand beside newer ones still name their run."""
    older = dataclasses.replace(catalogue_record(ONE, data=b"old"), run=1, added_run=1)
    other = dataclasses.replace(catalogue_record(TWO, data=b"other"), run=1, added_run=1)
    catalogue.add(older, other)
    catalogue.add_version(older_version(older))
    catalogue.add(dataclasses.replace(catalogue_record(ONE, data=b"newer"), run=2, added_run=2))
    assert {(one.accession, one.sha256) for one in catalogue.runs.stored(1)} == {
        (ONE, older.sha256),
        (TWO, other.sha256),
    }
    assert [one.accession for one in catalogue.runs.stored(2)] == [ONE]


def test_no_number_is_given_twice(catalogue: Catalogue, path: Path) -> None:
    """Not even where the journal has lost its rows: submissions name them still."""
    catalogue.add(dataclasses.replace(catalogue_record(ONE), run=7, added_run=3))
    assert catalogue.runs.unknown() == [3, 7]
    assert catalogue.runs.begin("sync", {}, began=STORED) == 8
    with closing(sqlite3.connect(path)) as copy:
        assert copy.execute("SELECT number FROM run").fetchall() == [(8,)]
    for number in catalogue.runs.unknown():
        catalogue.runs.note_lost(number)
    assert catalogue.runs.unknown() == []
    lost = catalogue.runs.get(7)
    assert lost is not None
    assert (lost.verb, lost.began, lost.stored, lost.outcome) == ("unknown", STORED, 1, None)


def test_a_run_is_put_back_once(catalogue: Catalogue, tmp_path: Path) -> None:
    """As it was, and not over another one."""
    number = catalogue.runs.begin("sync", {"select": []}, began=STORED)
    catalogue.runs.end(number, SyncReport(planned=1, failed=1, failures=(FAILURE,)), ended=STORED, outcome="done")
    with Catalogue(tmp_path / "other", writable=True) as other:
        for _ in range(2):
            for run in catalogue.runs.salvage():
                other.runs.put_back(run)
        assert list(other.runs.latest()) == list(catalogue.runs.latest())
