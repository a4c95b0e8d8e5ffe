from __future__ import annotations

import re
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archiver.catalogue.catalogue import Catalogue
from archiver.catalogue.schema import SCHEMA_VERSION
from archiver.errors import ArchiveFormatError
from archiver.identifiers import AccessionNumber
from archiver.store.archive import Archive
from tests.damage.phases import unpack_old_archive
from tests.paths import ROOT
from tests.unit.archives import tree

SHA256 = "ab" * 32
VERSION_1 = f"""
CREATE TABLE submission (
    accession TEXT PRIMARY KEY, form TEXT NOT NULL, filing_date TEXT NOT NULL, cik INTEGER, url TEXT,
    source TEXT NOT NULL, size INTEGER NOT NULL, stored_bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, etag_md5 TEXT,
    signature TEXT CHECK (signature IN ('valid', 'invalid')), stored_at TEXT NOT NULL, withdrawn_at TEXT,
    indexed_sha256 TEXT
) WITHOUT ROWID;
CREATE INDEX submission_unindexed ON submission (filing_date, accession) WHERE indexed_sha256 IS NOT sha256;
CREATE INDEX submission_filed ON submission (filing_date);
CREATE TABLE note (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO submission VALUES ('0001193125-04-218426', '8-K', '2004-12-22', 1056386, NULL, 'index', 1, 1,
    '{SHA256}', NULL,
    NULL, '2024-01-02T03:04:05+00:00', NULL, '{SHA256}');
PRAGMA user_version = 1;
"""
LEAKED = AccessionNumber("0009000900-21-000150")
WITHDRAWN = AccessionNumber("0009000900-17-000120")
REFRESHED = AccessionNumber("0009000900-04-000101")


@pytest.fixture
def version_1(tmp_path: Path) -> Path:
    """A catalogue of version 1 with one row."""
    path = tmp_path / "catalogue.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_1)
    return path


@pytest.fixture
def version_2(tmp_path: Path) -> Path:
    """The root of an archive that the version before the journal made."""
    unpack_old_archive(tmp_path / "archive")
    return tmp_path / "archive"


def test_a_writer_brings_version_1_up_to_date(version_1: Path) -> None:
    """Its rows stay, and say that the full index has named them, which is how they came to be there."""
    with Catalogue(version_1, writable=True) as catalogue:
        record = catalogue.get(AccessionNumber("0001193125-04-218426"))
        assert record is not None
        assert (record.listed, record.indexed_sha256) == (True, SHA256)
        assert record.added == record.stored_at
        assert catalogue.index_files.get("any") is None
        catalogue.check()
    with Catalogue(version_1) as catalogue:
        assert catalogue.count() == 1


def test_a_reader_of_version_1_says_what_to_do(version_1: Path) -> None:
    """It may not change it."""
    with pytest.raises(ArchiveFormatError, match="run `edgarchive index` once"):
        Catalogue(version_1)


def shape(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """The columns of each table, and the indexes and triggers."""
    with closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {name: sorted(row[1:] for row in connection.execute(f"PRAGMA table_info({name})")) for name in names}
        others = "SELECT type, name, sql FROM sqlite_master WHERE type <> 'table' AND sql IS NOT NULL ORDER BY name"
        return found | {"others": connection.execute(others).fetchall()}


def test_a_migrated_catalogue_has_the_tables_of_a_new_one(version_1: Path, version_2: Path, tmp_path: Path) -> None:
    """The same columns, keys and indexes, whichever version it was made by."""
    new = tmp_path / "new.sqlite3"
    for path in (version_1, version_2 / "catalogue.sqlite3", new):
        Catalogue(path, writable=True).close()
    assert shape(version_1) == shape(new)
    assert shape(version_2 / "catalogue.sqlite3") == shape(new)


def test_a_reader_reads_version_2_as_it_is(version_2: Path) -> None:
    """Everything can be asked, what it did not know yet is absent, and not a byte of it changes."""
    before = tree(version_2)
    with Archive.open(version_2) as archive:
        catalogue = archive.catalogue
        catalogue.check()
        assert catalogue.count() == 17
        assert (list(catalogue.runs.latest()), catalogue.saved_searches.all()) == ([], [])
        record = archive.record(REFRESHED)
        assert (record.run, record.added_run, record.added) == (None, None, record.stored_at)
        assert len(list(catalogue.added_since(datetime(2020, 1, 1, tzinfo=UTC)))) == 17
        assert [one.run for one in catalogue.versions()] == [None] * 6
        assert catalogue.sightings.known([REFRESHED]) == set()
        assert catalogue.runs.unknown() == []
    assert tree(version_2) == before


def test_a_writer_migrates_version_2(version_2: Path) -> None:
    """No row changes but for what is new, and for an address that has a contact address in it, which goes."""
    with Archive.open(version_2) as archive:
        before = {record.accession: record for record in archive.catalogue.records()}
        beside = list(archive.catalogue.versions())
    assert "research" in str(before[LEAKED].url)
    with Archive.open(version_2, writable=True) as archive:
        archive.catalogue.check()
        after = {record.accession: record for record in archive.catalogue.records()}
        assert {key: record for key, record in after.items() if key != LEAKED} == {
            key: record for key, record in before.items() if key != LEAKED
        }
        assert after[LEAKED].url is None
        assert after[WITHDRAWN].withdrawn_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        assert list(archive.catalogue.versions()) == beside
        assert archive.catalogue.runs.begin("sync", {}, began=datetime(2026, 1, 3, tzinfo=UTC)) == 1
    assert (version_2 / "format.json").read_bytes() == b'{"format": 2}\n'
    assert b"research" not in (version_2 / "catalogue.sqlite3").read_bytes()


def test_a_migration_closes_the_quarantine(version_2: Path) -> None:
    """Its pages lose mail addresses, and only its owner can look inside."""
    page = version_2 / "quarantine" / f"{LEAKED}.html"
    page.parent.mkdir()
    page.write_text("<title>Example Research research&#64;example.com</title>")
    Archive.open(version_2, writable=True).close()
    assert "example.com" not in page.read_text()
    assert stat.S_IMODE(page.parent.stat().st_mode) == 0o700


def test_an_open_reader_follows_a_migration(version_2: Path) -> None:
    """It sees what the writer adds, in columns that were not there when it was opened."""
    with Archive.open(version_2) as reader:
        assert reader.record(REFRESHED).run is None
        with Archive.open(version_2, writable=True) as writer:
            number = writer.catalogue.runs.begin("sync", {}, began=datetime(2026, 1, 3, tzinfo=UTC))
            assert [run.number for run in reader.catalogue.runs.latest()] == [number]


def test_a_format_file_is_brought_up_to_date_after_the_catalogue(version_2: Path) -> None:
    """A migration that was killed between the two is finished by the next writer; readers read it meanwhile."""
    Catalogue(version_2 / "catalogue.sqlite3", writable=True).close()
    with Archive.open(version_2) as archive:
        assert archive.catalogue.count() == 17
    Archive.open(version_2, writable=True).close()
    assert (version_2 / "format.json").read_bytes() == b'{"format": 2}\n'
    with closing(sqlite3.connect(version_2 / "catalogue.sqlite3")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


def test_the_format_page_has_the_tables(tmp_path: Path) -> None:
    """The SQL of docs/format.md makes the catalogue that the code makes."""
    [sql] = re.findall(r"```sql\n(CREATE TABLE submission.*?)```", (ROOT / "docs" / "format.md").read_text(), re.DOTALL)
    documented, real = tmp_path / "documented.sqlite3", tmp_path / "real.sqlite3"
    with closing(sqlite3.connect(documented)) as connection:
        connection.executescript(sql)
    Catalogue(real, writable=True).close()
    assert shape(documented) == shape(real)
