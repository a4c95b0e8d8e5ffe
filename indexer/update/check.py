"""The index held against the archive, and against its own checksums. Read-only, always."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from archiver.audit.findings import Finding
from archiver.catalogue.database import database_errors
from archiver.errors import ArchiveFormatError, IndexMissingError
from archiver.events import event
from archiver.identifiers import AccessionNumber
from archiver.settings import Settings
from archiver.store.archive import Archive
from indexer.engine import Engine
from indexer.index_folder import engine_of, is_index, is_outdated, marks_hold, open_index, unreadable_reason
from indexer.texts.check import check_texts

_log = logging.getLogger(__name__)

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE marked (accession TEXT PRIMARY KEY, sha256 TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE entry (accession TEXT, sha256 TEXT, PRIMARY KEY (accession, sha256)) WITHOUT ROWID;
"""
_MISSING = "SELECT accession FROM marked WHERE accession NOT IN (SELECT accession FROM entry) ORDER BY 1"
_STALE = (
    "SELECT DISTINCT accession, marked.sha256 FROM marked JOIN entry USING (accession)"
    " WHERE marked.sha256 <> entry.sha256 ORDER BY 1"
)
_UNMARKED = "SELECT DISTINCT accession FROM entry WHERE accession NOT IN (SELECT accession FROM marked) ORDER BY 1"


def check_index(archive: Archive, *, settings: Settings | None = None, quick: bool = False) -> Iterator[Finding]:
    """What is wrong with the index of `archive`, and with its texts (`check_texts`).

    Kinds: ``index-missing`` (indexed, says the catalogue, but the index does not have it; without accession number when
    there is no index at all), ``index-damaged`` (it cannot be read, or its files are not what was committed: `quick`
    looks only at their presence and size), ``index-stale`` (made from other bytes), ``index-extra`` (in the index, not
    in the archive), ``unreadable`` (this user may not read it). What waits to be indexed is no finding, nor is an index
    of an earlier version: the next run of the indexer rebuilds it. What is damaged is not compared.
    """
    folder = archive.index_path.name
    reason = unreadable_reason(archive.index_path, settings)
    if reason is not None:
        yield Finding("unreadable", None, folder, reason)
        yield from check_texts(archive, quick=quick)
        return
    if is_outdated(archive.index_path):
        facts = event("index-unverified", path=str(archive.index_path), engine=engine_of(archive.index_path))
        _log.warning(
            "the index was made by an earlier edgarchive and is not verified; run `edgarchive index`", extra=facts
        )
        yield from check_texts(archive, quick=quick)
        return
    try:
        with contextlib.closing(open_index(archive.index_path, settings=settings)) as index:
            damaged = False
            for name, message in index.check(quick=quick):
                damaged = True
                yield Finding("index-damaged", None, f"{folder}/{name}", message)
            if not damaged:
                yield from _differences(archive, index)
    except (IndexMissingError, ArchiveFormatError) as error:
        if is_index(archive.index_path):
            yield Finding("index-damaged", None, folder, error.message)
        elif any(record.indexed_sha256 for record in archive.catalogue.records()):
            yield Finding("index-missing", None, folder, error.message)
    yield from check_texts(archive, quick=quick)


def _differences(archive: Archive, index: Engine) -> Iterator[Finding]:
    """Marks and entries, gathered in a private database on disk, so that memory stays flat.

    The marks are read first: whatever is indexed meanwhile is in the index by the time that the index is read.
    """
    with (
        database_errors(Path("the temporary database"), hint="run `edgarchive verify` again"),
        contextlib.closing(sqlite3.connect("", isolation_level=None)) as both,
    ):
        both.executescript(_SCHEMA)
        both.execute("BEGIN")
        both.executemany("INSERT INTO marked VALUES (?, ?)", _marks(archive))
        both.executemany("INSERT OR IGNORE INTO entry VALUES (?, ?)", _entries(index))
        both.execute("COMMIT")
        for (number,) in both.execute(_MISSING):
            message = "the catalogue says that it is indexed, the index does not have it"
            yield Finding("index-missing", AccessionNumber(number), None, message)
        for number, sha256 in both.execute(_STALE):
            record = archive.catalogue.get(AccessionNumber(number))
            if record is not None and record.sha256 == sha256:  # else it changed while the index was read
                message = "the index was made from other bytes than those stored"
                yield Finding("index-stale", record.accession, None, message)
        for (number,) in both.execute(_UNMARKED):
            if (accession := AccessionNumber(number)) not in archive.catalogue:
                yield Finding("index-extra", accession, None, "the index has it, the archive does not")


def _marks(archive: Archive) -> Iterator[tuple[str, str]]:
    """What should be in the index; nothing where shares are filling it, and the catalogue has not learnt of it yet."""
    if not marks_hold(archive.index_path):
        return
    for record in archive.catalogue.records():
        if record.indexed_sha256 == record.sha256:
            yield record.accession, record.sha256


def _entries(index: Engine) -> Iterator[tuple[str, str]]:
    """Each submission's entries stand together, mostly, so most repetitions are left out here."""
    last = ("", "")
    for accession, sha256, _ in index.stored():
        if (accession, sha256) != last:
            last = (accession, sha256)
            yield last
