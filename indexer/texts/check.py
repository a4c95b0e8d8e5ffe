"""Checking the text store against its checksums and the archive. Read-only."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

from archiver.audit.findings import Finding
from archiver.errors import ArchiveFormatError, DamageError, StorageError
from archiver.runtime.paths import exists
from archiver.store.archive import Archive
from archiver.store.durable import files_in, reading_errors
from indexer.texts.store import TEXTS_FOLDER, TextStore, pack_path
from indexer.texts.table import TABLE_NAME, PackRow, TextRow, TextTable, is_table
from indexer.texts.writer import TextWriter, remove_store

TEXT_FINDINGS = frozenset({"texts-damaged", "texts-extra"})
"""The kinds of findings that `check_texts` reports and `repair_texts` repairs."""

_AT_ONCE = 500
_PACK_MISSING = "its pack is missing or cut"


def check_texts(archive: Archive, *, quick: bool = False) -> Iterator[Finding]:
    """Findings about the texts of `archive`: ``texts-damaged`` and ``texts-extra``.

    The first is about one submission or, without an accession number, about all; the second lists what the archive does
    not have. All texts are read or, with `quick`, only the existence and size of packs are checked. Missing texts are
    not a finding.
    """
    folder = archive.root / TEXTS_FOLDER
    path = folder / TABLE_NAME
    with reading_errors(folder):
        if not exists(path) or (not is_table(path) and not files_in(folder, suffix=".pack")):
            return
    place = f"{TEXTS_FOLDER}/{TABLE_NAME}"
    try:
        with TextTable(path) as table:
            if verdict := None if quick else table.check():
                yield Finding("texts-damaged", None, place, verdict)
                return
            for pack in table.packs():
                yield from _check_pack(folder, table, pack, quick=quick)
            yield from _extra(archive, table, place)
    except (DamageError, ArchiveFormatError) as error:
        yield Finding("texts-damaged", None, place, error.message)


def repair_texts(root: Path, findings: Iterable[Finding]) -> None:
    """Remove what `check_texts` found from the store of the archive at `root`, open for writing.

    The next indexing run recreates what is missing. Raises `StorageError`.
    """
    findings = list(findings)
    if any(finding.accession is None for finding in findings):
        remove_store(root)
    elif findings:
        with TextWriter(root) as writer:
            writer.remove(finding.accession for finding in findings if finding.accession is not None)


def _check_pack(folder: Path, table: TextTable, pack: PackRow, *, quick: bool) -> Iterator[Finding]:
    path = pack_path(folder, pack.number)
    place = f"{TEXTS_FOLDER}/{path.name}"
    size = path.stat().st_size if exists(path) else -1
    if size < pack.bytes:
        for row in table.rows(pack=pack.number):
            if row.end > size:
                yield Finding("texts-damaged", row.accession, place, _PACK_MISSING)
        return
    if quick:
        return
    with TextStore(folder) as store:
        for row in table.in_order(pack.number):  # each frame is decompressed once
            if (message := _fault(store, row)) and table.get(row.accession) == row:  # else it was replaced meanwhile
                yield Finding("texts-damaged", row.accession, place, message)


def _fault(store: TextStore, row: TextRow) -> str | None:
    """What is wrong with the record of `row` or its texts; None if nothing."""
    try:
        submission = store.read_row(row)
        for document in submission.documents:
            document.text()
        submission.header  # noqa: B018 — it is parsed
    except (DamageError, StorageError) as error:
        return error.message
    except UnicodeDecodeError as error:
        return str(error)
    return None


def _extra(archive: Archive, table: TextTable, place: str) -> Iterator[Finding]:
    rows = table.rows()
    while some := [row.accession for row in itertools.islice(rows, _AT_ONCE)]:
        known = archive.catalogue.stored_bytes_of(some)
        for accession in some:
            if accession not in known and accession not in archive.catalogue:
                yield Finding("texts-extra", accession, place, "the text store has it, the archive does not")
