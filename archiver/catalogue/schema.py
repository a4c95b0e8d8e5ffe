"""The tables of the catalogue and the migrations from older versions (docs/format.md)."""

from __future__ import annotations

SCHEMA_VERSION = 3

_SUBMISSION = """
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
    listed         INTEGER NOT NULL DEFAULT 0,
    run            INTEGER,
    added          TEXT NOT NULL DEFAULT '',
    added_run      INTEGER,
    quarter        TEXT,
    first_seen     TEXT,
    missing_since  TEXT,
    missing_in     TEXT
) WITHOUT ROWID;
CREATE INDEX submission_unindexed ON submission (filing_date, accession) WHERE indexed_sha256 IS NOT sha256;
CREATE INDEX submission_filed ON submission (filing_date);
CREATE TABLE note (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""

_SINCE_2 = """
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

_NEW_TABLES_3 = """
CREATE TABLE run (
    number    INTEGER PRIMARY KEY,
    verb      TEXT NOT NULL,
    selection TEXT NOT NULL,
    began     TEXT NOT NULL,
    updated   TEXT NOT NULL,
    ended     TEXT,
    outcome   TEXT CHECK (outcome IN ('done', 'stopped')),
    message   TEXT,
    planned   INTEGER NOT NULL DEFAULT 0,
    present   INTEGER NOT NULL DEFAULT 0,
    stored    INTEGER NOT NULL DEFAULT 0,
    absent    INTEGER NOT NULL DEFAULT 0,
    failed    INTEGER NOT NULL DEFAULT 0,
    withdrawn INTEGER NOT NULL DEFAULT 0,
    bytes     INTEGER NOT NULL DEFAULT 0,
    requests  INTEGER NOT NULL DEFAULT 0,
    failures  TEXT NOT NULL DEFAULT '[]'
);
CREATE TABLE acknowledged (
    accession       TEXT NOT NULL,
    sha256          TEXT NOT NULL,
    acknowledged_at TEXT NOT NULL,
    PRIMARY KEY (accession, sha256)
) WITHOUT ROWID;
CREATE TABLE saved_search (
    name     TEXT PRIMARY KEY,
    query    TEXT NOT NULL,
    filters  TEXT NOT NULL,
    saved_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE sighting (
    accession   TEXT PRIMARY KEY,
    entry       TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('known', 'pending', 'stored', 'done', 'left')),
    seen_at     TEXT NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    next_try_at TEXT
) WITHOUT ROWID;
CREATE INDEX sighting_open ON sighting (state, next_try_at) WHERE state IN ('pending', 'stored');
CREATE INDEX sighting_seen ON sighting (seen_at);
CREATE TABLE delivery (
    id          TEXT NOT NULL,
    sink        TEXT NOT NULL,
    accession   TEXT NOT NULL,
    search      TEXT,
    payload     TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'given-up')),
    created_at  TEXT NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    next_try_at TEXT,
    ended_at    TEXT,
    PRIMARY KEY (id, sink)
) WITHOUT ROWID;
CREATE INDEX delivery_waiting ON delivery (sink, next_try_at) WHERE state = 'waiting';
CREATE INDEX delivery_created ON delivery (created_at);
"""

_NEW_INDEXES_3 = """
CREATE INDEX submission_added ON submission (added, accession);
CREATE INDEX submission_run ON submission (run, accession);
CREATE INDEX submission_quarter ON submission (quarter, accession);
"""

_BESIDE_RUN = "ALTER TABLE beside ADD COLUMN run INTEGER;"

_FROM_1 = f"""
ALTER TABLE submission ADD COLUMN listed INTEGER NOT NULL DEFAULT 0;
UPDATE submission SET listed = 1 WHERE source = 'index';
{_SINCE_2}
"""

_FROM_2 = f"""
ALTER TABLE submission ADD COLUMN run INTEGER;
ALTER TABLE submission ADD COLUMN added TEXT NOT NULL DEFAULT '';
ALTER TABLE submission ADD COLUMN added_run INTEGER;
ALTER TABLE submission ADD COLUMN quarter TEXT;
ALTER TABLE submission ADD COLUMN first_seen TEXT;
ALTER TABLE submission ADD COLUMN missing_since TEXT;
ALTER TABLE submission ADD COLUMN missing_in TEXT;
{_BESIDE_RUN}
UPDATE submission SET added = stored_at, first_seen = CASE WHEN source = 'index' THEN stored_at END;
UPDATE submission SET url = NULL WHERE url GLOB '*[^]A-Za-z0-9:/._[-]*';
UPDATE beside SET url = NULL WHERE url GLOB '*[^]A-Za-z0-9:/._[-]*';
{_NEW_TABLES_3}
{_NEW_INDEXES_3}
"""
"""Addresses with other characters are not EDGAR's: a redirect may have put the contact address into them."""

STEPS = {
    0: (_SUBMISSION + _SINCE_2 + _BESIDE_RUN + _NEW_TABLES_3 + _NEW_INDEXES_3, 3),
    1: (_FROM_1, 2),
    2: (_FROM_2, 3),
}
"""The SQL that migrates a catalogue from a version to the paired one; 0 is an empty file."""

VIEWS_OF_2 = f"""
CREATE TEMP VIEW submission AS
    SELECT *, NULL AS run, stored_at AS added, NULL AS added_run, NULL AS quarter,
        CASE WHEN source = 'index' THEN stored_at END AS first_seen, NULL AS missing_since, NULL AS missing_in
    FROM main.submission;
CREATE TEMP VIEW beside AS SELECT *, NULL AS run FROM main.beside;
{_NEW_TABLES_3.replace("CREATE TABLE", "CREATE TEMP TABLE").replace("CREATE INDEX ", "CREATE INDEX temp.")}
"""
"""Views with which a reader, which must not change it, reads a catalogue of version 2 as version 3.

SQLite looks up tables among the temporary ones first.
"""
