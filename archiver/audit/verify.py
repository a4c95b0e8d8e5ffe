"""Checking stored files against the catalogue. Read-only, always."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from archiver.catalogue.records import BesideRecord, CatalogueRecord
from archiver.checks.body import read_facts, sha256_of
from archiver.checks.header_facts import head_of, read_header_facts
from archiver.errors import DamageError, IdentifierError
from archiver.identifiers import AccessionNumber
from archiver.progress import CancelToken, Progress, ProgressUpdate, no_progress
from archiver.store.archive import Archive, decoded_pieces
from archiver.store.layout import SUBMISSION_SUFFIX
from archiver.streams.chunks import PieceReader

_BESIDE = re.compile(rf"(\d{{10}}-\d{{2}}-\d{{6}})\.[0-9a-f]{{16}}{re.escape(SUBMISSION_SUFFIX)}")
_BATCH = 256
_MOST_UNCATALOGUED = 1000
"""Files without a row that are named one by one: with the catalogue lost, they are all the archive has."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be; `path` is below the archive's root.

    Kinds: ``missing``, ``truncated``, ``damaged``, ``incomplete``, ``unreadable``, ``signature`` (a file);
    ``uncatalogued``, ``misplaced`` (a file without a row, or the file of another submission); ``catalogue-damaged``,
    ``catalogue-wrong`` (all of the catalogue, or one row); ``index-missing``, ``index-extra``, ``index-stale``,
    ``index-damaged`` (the full-text index); ``texts-damaged``, ``texts-extra`` (the text store).
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
    archive: Archive,
    *,
    quick: bool = False,
    jobs: int = 1,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> FileReport:
    """Hold every row of the catalogue against its file, and every file against the catalogue.

    Reads each file in full (sha256, closing tag, the SEC's PEM signature) and the catalogue too, or, with `quick`,
    looks only at presence and size. `jobs` files are read at once: inflating and hashing release the interpreter's
    lock. A catalogue that cannot be read is a finding, and ends the check. Raises `RunCancelledError`.
    """
    progress, cancel = progress or no_progress, cancel or CancelToken()
    checked = ok = signed = 0
    findings: list[Finding] = []
    try:
        if not quick:
            archive.catalogue.check()
        total = archive.catalogue.count()
        for finding, signature in check_rows(archive, quick=quick, jobs=jobs):
            cancel.check()
            checked += 1
            signed += signature == "valid"
            ok += finding is None
            if finding is not None:
                findings.append(finding)
            progress(ProgressUpdate("checking", done=checked, total=total))
        findings.extend(check_beside(archive, quick=quick))
        findings.extend(check_journal(archive))
        findings.extend(_in_bounds(files_without_row(archive)))
    except DamageError as error:
        findings.append(catalogue_finding(archive, error))
    return FileReport(checked, ok, signed, tuple(findings))


def catalogue_finding(archive: Archive, error: DamageError) -> Finding:
    """The finding that the catalogue cannot be read."""
    return Finding("catalogue-damaged", None, archive.layout.catalogue.name, error.message)


def check_journal(archive: Archive) -> Iterator[Finding]:
    """The runs that rows name and the journal does not have. Raises `DamageError`."""
    for number in archive.catalogue.runs.unknown():
        message = f"submissions name run {number}, and the journal has no such run"
        yield Finding("catalogue-wrong", None, archive.layout.catalogue.name, message)


def check_rows(archive: Archive, *, quick: bool, jobs: int) -> Iterator[tuple[Finding | None, str | None]]:
    """What is wrong with the file of each row, and the verdict on its PEM signature. Raises `DamageError`."""
    check = partial(_check_quick if quick else _check_file, archive)
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        records = archive.catalogue.records()
        while batch := list(islice(records, _BATCH)):
            yield from pool.map(check, batch)


def submission_in(path: Path) -> AccessionNumber | None:
    """Which submission the stored file `path` is, by its header; None where that cannot be told."""
    try:
        return read_header_facts(head_of(PieceReader(decoded_pieces(path)))).accession
    except (DamageError, IdentifierError):
        return None


def _check_quick(archive: Archive, record: CatalogueRecord) -> tuple[Finding | None, str | None]:
    path = archive.layout.submission(record.accession)
    try:
        found = path.stat().st_size
    except (FileNotFoundError, NotADirectoryError) as error:
        return _finding(archive, "missing", record, f"the file cannot be found: {error.strerror}"), None
    except OSError as error:
        return _finding(archive, "unreadable", record, f"the file cannot be looked at: {error.strerror}"), None
    if found != record.stored_bytes:
        message = f"the file has {found} bytes, the catalogue says {record.stored_bytes}"
        return _finding(archive, "truncated" if found < record.stored_bytes else "damaged", record, message), None
    return None, record.signature


def _check_file(archive: Archive, record: CatalogueRecord) -> tuple[Finding | None, str | None]:
    finding, _ = _check_quick(archive, record)
    if finding is None:
        finding, signature = _check_body(archive, record)
        if finding is None:
            return None, signature
    if finding.kind in {"truncated", "damaged"}:
        lying = submission_in(archive.layout.submission(record.accession))
        if lying is not None and lying != record.accession:
            return _finding(archive, "misplaced", record, f"the file in its place is the submission {lying}"), None
    return finding, None


def _check_body(archive: Archive, record: CatalogueRecord) -> tuple[Finding | None, str | None]:
    try:
        facts = read_facts(archive.layout.submission(record.accession), record.accession)
    except DamageError as error:
        kind = "unreadable" if isinstance(error.__cause__, PermissionError) else "damaged"
        return _finding(archive, kind, record, error.message), None
    if facts.sha256 != record.sha256:
        message = f"the sha256 of its bytes is {facts.sha256}, the catalogue says {record.sha256}"
        return _finding(archive, "damaged", record, message), None
    if fault := facts.fault(etag_md5=record.etag_md5):
        return _finding(archive, "incomplete", record, fault), None
    if facts.size != record.size or facts.signature != record.signature:
        message = (
            f"the catalogue says {record.size} bytes and signature {record.signature}, the file, which its sha256"
            f" proves, has {facts.size} and {facts.signature}"
        )
        return _finding(archive, "catalogue-wrong", record, message), None
    if facts.signature == "invalid":
        message = "the SEC's signature does not verify: the bytes, as EDGAR served them, are not the ones it signed"
        return _finding(archive, "signature", record, message), None
    return None, facts.signature


def _finding(archive: Archive, kind: str, record: CatalogueRecord, message: str) -> Finding:
    path = archive.layout.submission(record.accession).relative_to(archive.root)
    return Finding(kind, record.accession, str(path), message)


def check_beside(archive: Archive, *, quick: bool) -> Iterator[Finding]:
    """What is wrong with the bytes kept beside submissions: older versions, corrections. Raises `DamageError`."""
    for row in archive.catalogue.beside():
        path = archive.layout.beside(row.accession, row.sha256)
        fault = _fault_beside(path, row, quick=quick)
        if fault is not None:
            kind, message = fault
            yield Finding(kind, row.accession, str(path.relative_to(archive.root)), message)


def _fault_beside(path: Path, row: BesideRecord, *, quick: bool) -> tuple[str, str] | None:
    """Kind of finding and message."""
    try:
        if not path.exists():
            return "missing", "the file cannot be found"
        if (found := path.stat().st_size) != row.stored_bytes:
            return "damaged", f"the file has {found} bytes, the catalogue says {row.stored_bytes}"
        if not quick and sha256_of(decoded_pieces(path)) != row.sha256:
            return "damaged", "the sha256 of its bytes is not the catalogue's"
    except DamageError as error:
        return "unreadable" if isinstance(error.__cause__, PermissionError) else "damaged", error.message
    return None


def files_without_row(archive: Archive) -> Iterator[Finding]:
    """The files below ``submissions/`` that the catalogue does not know in their place. Raises `DamageError`."""
    for folder, folders, names in os.walk(archive.layout.submissions):
        folders.sort()
        placed: list[tuple[AccessionNumber, str]] = []
        for path in sorted(map(Path(folder).joinpath, names)):
            shown = str(path.relative_to(archive.root))
            beside = _BESIDE.fullmatch(path.name)
            try:
                accession = AccessionNumber(beside[1] if beside else path.name.removesuffix(SUBMISSION_SUFFIX))
            except IdentifierError:
                yield Finding("misplaced", None, shown, "not a file of edgarchive")
                continue
            if path.parent != archive.layout.submission(accession).parent:
                yield Finding("misplaced", accession, shown, "the file is not in the place of its accession number")
            elif beside:
                yield from _beside_without_row(archive, accession, path)
            elif path != archive.layout.submission(accession):
                yield Finding("misplaced", accession, shown, "the file is not in the place of its accession number")
            else:
                placed.append((accession, shown))
        yield from _without_row(archive, placed)


def _without_row(archive: Archive, placed: Sequence[tuple[AccessionNumber, str]]) -> Iterator[Finding]:
    known = archive.catalogue.stored_bytes_of([accession for accession, _ in placed])
    for accession, shown in placed:
        if accession not in known:
            yield Finding("uncatalogued", accession, shown, "the catalogue has no row of it")


def _beside_without_row(archive: Archive, accession: AccessionNumber, path: Path) -> Iterator[Finding]:
    rows = archive.catalogue.beside(accession)
    if path not in {archive.layout.beside(accession, row.sha256) for row in rows}:
        message = "the catalogue has no row of these bytes beside the submission"
        yield Finding("uncatalogued", accession, str(path.relative_to(archive.root)), message)


def _in_bounds(findings: Iterator[Finding]) -> Iterator[Finding]:
    """The same, but of uncatalogued files only the first ones, and then how many more there are."""
    uncatalogued = 0
    for finding in findings:
        uncatalogued += finding.kind == "uncatalogued"
        if finding.kind != "uncatalogued" or uncatalogued <= _MOST_UNCATALOGUED:
            yield finding
    if (more := uncatalogued - _MOST_UNCATALOGUED) > 0:
        yield Finding("uncatalogued", None, "submissions", f"the catalogue has no row of {more} more files")
