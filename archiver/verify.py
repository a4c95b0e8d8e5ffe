"""Checking stored files against the catalogue. Read-only, always."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from archiver.archive import Archive, decoded_pieces
from archiver.body import read_facts, sha256_of
from archiver.catalogue import CatalogueRecord
from archiver.errors import DamageError, IdentifierError
from archiver.identifiers import AccessionNumber
from archiver.layout import SUBMISSION_SUFFIX

_BESIDE = re.compile(rf"(\d{{10}}-\d{{2}}-\d{{6}})\.[0-9a-f]{{16}}{re.escape(SUBMISSION_SUFFIX)}")
_BATCH = 256


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be.

    Kinds: ``missing``, ``truncated``, ``damaged``, ``incomplete``, ``signature`` (a file); ``uncatalogued``,
    ``misplaced`` (a file without a row); ``index-missing``, ``index-extra``, ``index-stale`` (the full-text index).
    """

    kind: str
    accession: AccessionNumber | None
    path: str | None
    message: str


@dataclass(frozen=True, slots=True)
class FileReport:
    """What a check of the files found: `checked` rows, `ok` without a finding, `signed` validly by the SEC."""

    checked: int
    ok: int
    signed: int
    findings: tuple[Finding, ...]


def verify_files(
    archive: Archive, *, quick: bool = False, jobs: int = 1, progress: Callable[[int], None] | None = None
) -> FileReport:
    """Hold every row of the catalogue against its file, and every file against the catalogue.

    Reads each file in full (sha256, closing tag, the SEC's PEM signature), or, with `quick`, looks only at presence and
    size. `jobs` files are read at once: inflating and hashing release the interpreter's lock. `progress` gets the
    count.
    """
    checked = ok = signed = 0
    findings: list[Finding] = []
    check = partial(_check_quick if quick else _check_file, archive)
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        records = archive.catalogue.records()
        while batch := list(islice(records, _BATCH)):
            for finding, signature in pool.map(check, batch):
                checked += 1
                signed += signature == "valid"
                ok += finding is None
                if finding is not None:
                    findings.append(finding)
                if progress is not None:
                    progress(checked)
    findings.extend(_beside_findings(archive, quick=quick))
    findings.extend(_files_without_row(archive))
    return FileReport(checked, ok, signed, tuple(findings))


def _check_quick(archive: Archive, record: CatalogueRecord) -> tuple[Finding | None, str | None]:
    path = archive.layout.submission(record.accession)
    try:
        found = path.stat().st_size
    except OSError as error:
        return _finding(archive, "missing", record, f"the file cannot be found: {error.strerror}"), None
    if found != record.stored_bytes:
        message = f"the file has {found} bytes, the catalogue says {record.stored_bytes}"
        return _finding(archive, "truncated" if found < record.stored_bytes else "damaged", record, message), None
    return None, record.signature


def _check_file(archive: Archive, record: CatalogueRecord) -> tuple[Finding | None, str | None]:
    finding, _ = _check_quick(archive, record)
    if finding is not None:
        return finding, None
    try:
        facts = read_facts(archive.layout.submission(record.accession), record.accession)
    except DamageError as error:
        return _finding(archive, "damaged", record, error.message), None
    if facts.sha256 != record.sha256:
        message = f"the sha256 of its bytes is {facts.sha256}, the catalogue says {record.sha256}"
        return _finding(archive, "damaged", record, message), None
    if fault := facts.fault(etag_md5=record.etag_md5):
        return _finding(archive, "incomplete", record, fault), None
    if facts.signature == "invalid":
        message = "the SEC's signature does not verify: the bytes, as EDGAR served them, are not the ones it signed"
        return _finding(archive, "signature", record, message), None
    return None, facts.signature


def _finding(archive: Archive, kind: str, record: CatalogueRecord, message: str) -> Finding:
    path = archive.layout.submission(record.accession).relative_to(archive.root)
    return Finding(kind, record.accession, str(path), message)


def _files_without_row(archive: Archive) -> Iterator[Finding]:
    for folder, _, names in os.walk(archive.layout.submissions):
        for name in sorted(names):
            path = Path(folder) / name
            shown = str(path.relative_to(archive.root))
            beside = _BESIDE.fullmatch(name)
            try:
                accession = AccessionNumber(beside[1] if beside else name.removesuffix(SUBMISSION_SUFFIX))
            except IdentifierError:
                yield Finding("misplaced", None, shown, "not a file of edgarchive")
                continue
            if beside:
                yield from _beside_without_row(archive, accession, path)
            elif path != archive.layout.submission(accession):
                yield Finding("misplaced", accession, shown, "the file is not in the place of its accession number")
            elif accession not in archive.catalogue:
                yield Finding(
                    "uncatalogued", accession, shown, "the catalogue has no row of it; the next sync takes it in"
                )


def _beside_without_row(archive: Archive, accession: AccessionNumber, path: Path) -> Iterator[Finding]:
    rows = archive.catalogue.beside(accession)
    if path not in {archive.layout.beside(accession, row.sha256) for row in rows}:
        message = "the catalogue has no row of these bytes beside the submission; they may be deleted"
        yield Finding("uncatalogued", accession, str(path.relative_to(archive.root)), message)


def _beside_findings(archive: Archive, *, quick: bool) -> Iterator[Finding]:
    """What is wrong with the bytes kept beside submissions: older versions, corrections."""
    for row in archive.catalogue.beside():
        path = archive.layout.beside(row.accession, row.sha256)
        shown = str(path.relative_to(archive.root))
        try:
            if not path.exists():
                yield Finding("missing", row.accession, shown, "the file cannot be found")
            elif path.stat().st_size != row.stored_bytes:
                message = f"the file has {path.stat().st_size} bytes, the catalogue says {row.stored_bytes}"
                yield Finding("damaged", row.accession, shown, message)
            elif not quick and sha256_of(decoded_pieces(path)) != row.sha256:
                yield Finding("damaged", row.accession, shown, "the sha256 of its bytes is not the catalogue's")
        except DamageError as error:
            yield Finding("damaged", row.accession, shown, error.message)
