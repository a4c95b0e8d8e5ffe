"""Checking the index against the archive and its own checksums. Read-only."""

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
from archiver.settings.settings import Settings
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
    """Findings about the index of `archive` and its texts (`check_texts`).

    Kinds: ``index-missing`` (the catalogue says indexed but the index lacks it; without an accession number if there is
    no index at all), ``index-damaged`` (unreadable, or files that are not what was committed; `quick` checks only
    existence and size), ``index-stale`` (made from other bytes), ``index-extra`` (in the index but not in the archive),
    ``unreadable`` (this user may not read it). Submissions that wait to be indexed are not a finding, nor is an index
    of an earlier version, which the next indexing run rebuilds. Damaged parts are not compared.
    """
    yield from _of_index(archive, settings, quick=quick)
    yield from check_texts(archive, quick=quick)


def _of_index(archive: Archive, settings: Settings | None, *, quick: bool) -> Iterator[Finding]:
    folder = archive.index_path.name
    reason = unreadable_reason(archive.index_path, settings)
    if reason is not None:
        yield Finding("unreadable", None, folder, reason)
        return
    if is_outdated(archive.index_path):
        facts = event("index-unverified", path=str(archive.index_path), engine=engine_of(archive.index_path))
        _log.warning(
            "the index was made by an earlier edgarchive and is not verified; run `edgarchive index`", extra=facts
        )
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


def _differences(archive: Archive, index: Engine) -> Iterator[Finding]:
    """Marks and entries, compared in a private database on disk, so that memory use is constant.

    The marks are read first, so that whatever is indexed meanwhile is in the index when that is read.
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
            if record is not None and record.sha256 == sha256:  # otherwise it changed while the index was read
                message = "the index was made from other bytes than those stored"
                yield Finding("index-stale", record.accession, None, message)
        for (number,) in both.execute(_UNMARKED):
            if (accession := AccessionNumber(number)) not in archive.catalogue:
                yield Finding("index-extra", accession, None, "the index has it, the archive does not")


def _marks(archive: Archive) -> Iterator[tuple[str, str]]:
    """What should be in the index; empty while shares fill it and the catalogue has not been updated."""
    if not marks_hold(archive.index_path):
        return
    for record in archive.catalogue.records():
        if record.indexed_sha256 == record.sha256:
            yield record.accession, record.sha256


def _entries(index: Engine) -> Iterator[tuple[str, str]]:
    """The entries of a submission are mostly adjacent, so most repetitions are removed here."""
    last = ("", "")
    for accession, sha256, _ in index.stored():
        if (accession, sha256) != last:
            last = (accession, sha256)
            yield last
