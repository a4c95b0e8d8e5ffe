"""The tables of the catalogue, and how an older catalogue becomes a new one (docs/format.md)."""

from __future__ import annotations

SCHEMA_VERSION = 2

_SUBMISSIONS = """
CREATE TABLE submission (
    accession      TEXT PRIMARY KEY,
    form           TEXT NOT NULL,
    filing_date    TEXT NOT NULL,
    cik            INTEGER,
    url            TEXT,
    source         TEXT NOT NULL,
    size           INTEGER NOT NULL,
    stored_bytes   INTEGER NOT NULL,
    sha256         TEXT NOT NULL,
    etag_md5       TEXT,
    signature      TEXT CHECK (signature IN ('valid', 'invalid')),
    stored_at      TEXT NOT NULL,
    withdrawn_at   TEXT,
    indexed_sha256 TEXT,
    listed         INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX submission_unindexed ON submission (filing_date, accession) WHERE indexed_sha256 IS NOT sha256;
CREATE INDEX submission_filed ON submission (filing_date);
CREATE TABLE note (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""

_INDEXES = """
CREATE TABLE index_file (
    path          TEXT PRIMARY KEY,
    sha256        TEXT NOT NULL,
    last_modified TEXT,
    listed        TEXT,
    last_day      TEXT
) WITHOUT ROWID;
CREATE TABLE checkpoint (
    selection TEXT NOT NULL,
    quarter   TEXT NOT NULL,
    version   TEXT NOT NULL,
    planned   INTEGER NOT NULL,
    PRIMARY KEY (selection, quarter)
) WITHOUT ROWID;
CREATE TABLE beside (
    accession    TEXT NOT NULL,
    sha256       TEXT NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('older', 'correction')),
    source       TEXT NOT NULL,
    url          TEXT,
    size         INTEGER NOT NULL,
    stored_bytes INTEGER NOT NULL,
    stored_at    TEXT NOT NULL,
    PRIMARY KEY (accession, sha256)
) WITHOUT ROWID;
CREATE TRIGGER submission_deleted AFTER DELETE ON submission BEGIN DELETE FROM checkpoint; END;
"""
_FROM_1 = f"""
ALTER TABLE submission ADD COLUMN listed INTEGER NOT NULL DEFAULT 0;
UPDATE submission SET listed = 1 WHERE source = 'index';
{_INDEXES}
"""

CHANGES = {0: _SUBMISSIONS + _INDEXES, 1: _FROM_1}
"""The SQL that brings a catalogue of this version to `SCHEMA_VERSION`; 0 is an empty file."""
