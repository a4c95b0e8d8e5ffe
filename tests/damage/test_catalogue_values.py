"""Values in the catalogue that a flipped bit has changed: no verb crashes, `verify` finds them, a repair mends them."""

from __future__ import annotations

import contextlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from archiver.catalogue.watching import SavedSearch
from archiver.errors import EdgarchiveError
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive import Library, repair_archive, sync_archive, verify_archive
from tests.damage.phases import ALL, outcome
from tests.unit.archives import STORED

NUMBER = "0009000900-04-000101"
OTHER = "0009000900-99-000101"

FLIPS = {
    "stored_bytes is text": "UPDATE submission SET stored_bytes = 'many' WHERE accession = :number",
    "stored_bytes is another number": "UPDATE submission SET stored_bytes = 7 WHERE accession = :number",
    "size is a fraction": "UPDATE submission SET size = 2.5 WHERE accession = :number",
    "size is another number": "UPDATE submission SET size = 7 WHERE accession = :number",
    "no date": "UPDATE submission SET filing_date = '2004-13-99' WHERE accession = :number",
    "a date of another spelling": "UPDATE submission SET filing_date = '20041222' WHERE accession = :number",
    "no moment": "UPDATE submission SET stored_at = 'yesterday' WHERE accession = :number",
    "added at no moment": "UPDATE submission SET added = x'ff' WHERE accession = :number",
    "another MD5": "UPDATE submission SET etag_md5 = :md5 WHERE accession = :number",
    "another sha256": "UPDATE submission SET sha256 = :sha256 WHERE accession = :number",
    "another accession number": "UPDATE OR REPLACE submission SET accession = :other WHERE accession = :number",
    "a source of none": "UPDATE submission SET source = 'moon' WHERE accession = :number",
    "a run of text": "UPDATE submission SET run = 'first' WHERE accession = :number",
    "a run that never was": "UPDATE submission SET run = 77 WHERE accession = :number",
    "a journal of noise": "UPDATE run SET began = x'00', planned = 'all'",
    "failures that are no list": "UPDATE run SET failures = '{'",
    "a checkpoint of noise": "UPDATE checkpoint SET planned = 'some'",
    "an index file of noise": "UPDATE index_file SET sha256 = 1",
    "a note of bytes": "INSERT OR REPLACE INTO note VALUES ('sync', x'00ff')",
    "a search of noise": "UPDATE saved_search SET filters = '['",
}


@pytest.mark.usefixtures("edgar", "synced")
@pytest.mark.parametrize("flip", FLIPS)
def test_a_flipped_value_is_found_and_mended(settings: Settings, flip: str) -> None:
    """By `verify`; whatever else reads it ends with one of our errors; the repair keeps all that is not flipped."""
    with Archive.open(settings.root, writable=True) as archive:
        archive.catalogue.saved_searches.set(SavedSearch("one", "resigned", {}, STORED))
        record = archive.record(next(iter(archive.catalogue.records())).accession)
    before = outcome(settings.root)
    path = settings.root / "catalogue.sqlite3"
    _flip(path, FLIPS[flip])
    for work in (_status, _sync, _verify_quickly):
        with contextlib.suppress(EdgarchiveError):  # any other error is a crash
            work(settings)
    _flip(path, FLIPS[flip])
    assert verify_archive(settings).findings, flip
    lost = ["catalogue-damaged"] if flip == "a search of noise" else []
    assert [finding.kind for finding in repair_archive(settings).findings] == lost, flip
    assert verify_archive(settings).findings == ()
    after = outcome(settings.root)
    assert (after.files, after.answers) == (before.files, before.answers)
    with Archive.open(settings.root) as archive:
        assert archive.record(record.accession).sha256 == record.sha256
        names = [search.name for search in archive.catalogue.saved_searches.all()]
        assert names == ([] if flip == "a search of noise" else ["one"])


def _status(settings: Settings) -> None:
    with Library(settings=settings) as library:
        library.status()


def _sync(settings: Settings) -> None:
    sync_archive(ALL, settings=settings)


def _verify_quickly(settings: Settings) -> None:
    verify_archive(settings, quick=True)


def _flip(path: Path, sql: str) -> None:
    values = {"number": NUMBER, "other": OTHER, "md5": "0" * 32, "sha256": "0" * 64}
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(sql, values)


@pytest.mark.usefixtures("edgar", "synced")
def test_a_damaged_catalogue_leaves_its_journal(settings: Settings) -> None:
    """What no stored file says is taken over: runs, saved searches, and that a lost file is lost."""
    with Archive.open(settings.root, writable=True) as archive:
        archive.catalogue.saved_searches.set(SavedSearch("one", "resigned", {}, STORED))
        runs = list(archive.catalogue.runs.latest())
        lost = archive.layout.submission(next(iter(archive.catalogue.records())).accession)
    lost.unlink()
    _flip(settings.root / "catalogue.sqlite3", FLIPS["stored_bytes is text"])
    offline = settings.replace(user_agent=None)
    report = repair_archive(offline)
    assert [finding.kind for finding in report.findings] == ["missing"]
    with Archive.open(settings.root) as archive:
        assert list(archive.catalogue.runs.latest()) == runs
        assert [search.name for search in archive.catalogue.saved_searches.all()] == ["one"]
        others = {record.run for record in archive.catalogue.records() if record.accession != NUMBER}
        assert others == {runs[0].number}
    assert repair_archive(settings).findings == ()
    assert lost.exists()
