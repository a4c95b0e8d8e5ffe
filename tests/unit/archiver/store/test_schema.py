from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from archiver.errors import ArchiveFormatError
from archiver.identifiers import AccessionNumber
from archiver.store.catalogue import Catalogue

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


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A catalogue of version 1 with one row."""
    path = tmp_path / "catalogue.sqlite3"
    connection = sqlite3.connect(path)
    connection.executescript(VERSION_1)
    connection.close()
    return path


def test_a_writer_brings_an_older_catalogue_up_to_date(old: Path) -> None:
    """Its rows stay, and say that the full index has named them, which is how they came to be there."""
    with Catalogue(old, writable=True) as catalogue:
        record = catalogue.get(AccessionNumber("0001193125-04-218426"))
        assert record is not None
        assert (record.listed, record.indexed_sha256) == (True, SHA256)
        assert catalogue.index_file("any") is None
    with Catalogue(old) as catalogue:
        assert catalogue.count() == 1


def test_a_reader_of_an_older_catalogue_says_what_to_do(old: Path) -> None:
    """It may not change it."""
    with pytest.raises(ArchiveFormatError, match="run `edgarchive index` once"):
        Catalogue(old)
