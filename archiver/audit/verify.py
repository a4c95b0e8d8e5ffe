"""Checking stored files against the catalogue. Read-only."""

from __future__ import annotations

import errno
import stat
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path

from archiver.audit.findings import FileReport, Finding, catalogue_finding, is_of_row, row_finding
from archiver.audit.tree import files_without_row, summarized
from archiver.catalogue.records import CatalogueRecord, VersionRecord
from archiver.checks.body import read_facts, sha256_of, submission_in
from archiver.errors import DamageError
from archiver.identifiers import AccessionNumber
from archiver.runtime.progress import CancelToken, Progress, ProgressUpdate, checked_progress
from archiver.store.archive import Archive
from archiver.store.packing import unpack

_BATCH = 256
_NO_FILE = {errno.ELOOP, errno.EISDIR}
"""Errors that mean that something other than a file is in its place: a link to itself, a folder."""


def verify_files(
    archive: Archive,
    *,
    quick: bool = False,
    jobs: int = 1,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> FileReport:
    """Check every row of the catalogue against its file, and every file against the catalogue.

    Reads each file in full (sha256, closing tag, PEM signature) and the whole catalogue; with `quick`, checks only
    existence and size. `jobs` files are read at once, since decompression and hashing release the interpreter's lock.
    An unreadable catalogue is a finding and ends the check. If another process may be writing, pass the findings to
    `archiver.audit.second_look`. Raises `RunCancelledError`.
    """
    checked = signed = acknowledged = 0
    progress, cancel = checked_progress(progress), cancel or CancelToken()
    findings: list[Finding] = []
    try:
        if not quick:
            archive.catalogue.check()
        known, total = archive.catalogue.acknowledged(), archive.catalogue.count()
        for record, finding, signature in check_rows(archive, quick=quick, jobs=jobs):
            cancel.check()
            checked += 1
            signed += signature == "valid"
            if is_acknowledged(finding, record, known):
                acknowledged += 1
            elif finding is not None:
                findings.append(finding)
            progress(ProgressUpdate("checking", done=checked, total=total))
        findings.extend(check_versions(archive, quick=quick))
        findings.extend(check_journal(archive))
        findings.extend(summarized(files_without_row(archive)))
    except DamageError as error:
        findings.append(catalogue_finding(archive, error))
    ok = checked - len([finding for finding in findings if is_of_row(finding)])
    return FileReport(checked, ok, signed, tuple(findings), acknowledged)


def is_acknowledged(
    finding: Finding | None, record: CatalogueRecord, acknowledged: Mapping[tuple[AccessionNumber, str], object]
) -> bool:
    """Whether a finding is an invalid signature that a user has acknowledged for exactly these bytes."""
    return finding is not None and finding.kind == "signature" and (record.accession, record.sha256) in acknowledged


def check_journal(archive: Archive) -> Iterator[Finding]:
    """Findings for runs that rows name but the journal lacks. Raises `DamageError`."""
    for number in archive.catalogue.runs.unknown():
        message = f"submissions name run {number}, and the journal has no such run"
        yield Finding("catalogue-wrong", None, archive.layout.catalogue.name, message)


def check_rows(
    archive: Archive, *, quick: bool, jobs: int
) -> Iterator[tuple[CatalogueRecord, Finding | None, str | None]]:
    """Each row with the finding about its file, if any, and the result of its PEM signature. Raises `DamageError`."""
    check = partial(check_row, archive, quick=quick)
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        records = archive.catalogue.records()
        while batch := list(islice(records, _BATCH)):
            yield from ((record, *found) for record, found in zip(batch, pool.map(check, batch), strict=True))


def check_row(archive: Archive, record: CatalogueRecord, *, quick: bool) -> tuple[Finding | None, str | None]:
    """The finding about the file of a row, if any, and the result of its PEM signature."""
    fault = _presence_fault(archive.layout.submission(record.accession), record.stored_bytes)
    finding = row_finding(archive, fault[0], record, fault[1]) if fault else None
    if quick:
        return finding, None if finding else record.signature
    if finding is None:
        finding, signature = _check_body(archive, record)
        if finding is None:
            return None, signature
    if finding.kind in {"truncated", "damaged"}:
        actual = submission_in(archive.layout.submission(record.accession))
        if actual is not None and actual != record.accession:
            return row_finding(archive, "misplaced", record, f"the file in its place is the submission {actual}"), None
    return finding, None


def is_unreadable(error: DamageError) -> bool:
    """Whether the system refused to read the file, which says nothing about its bytes."""
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno not in _NO_FILE


def _presence_fault(path: Path, stored_bytes: int) -> tuple[str, str] | None:
    """The kind and message of a finding if no file of this size is at `path`, or None."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        return "missing", f"the file cannot be found: {error.strerror}"
    except OSError as error:
        kind = "damaged" if error.errno in _NO_FILE else "unreadable"
        return kind, f"the file cannot be accessed: {error.strerror}"
    if not stat.S_ISREG(status.st_mode):
        return "damaged", "something other than a regular file is in its place"
    if status.st_size != stored_bytes:
        kind = "truncated" if status.st_size < stored_bytes else "damaged"
        return kind, f"the file has {status.st_size} bytes, the catalogue says {stored_bytes}"
    return None


def _check_body(archive: Archive, record: CatalogueRecord) -> tuple[Finding | None, str | None]:
    try:
        facts = read_facts(archive.layout.submission(record.accession), record.accession)
    except DamageError as error:
        return row_finding(archive, "unreadable" if is_unreadable(error) else "damaged", record, error.message), None
    if facts.sha256 != record.sha256:
        message = f"the sha256 of its bytes is {facts.sha256}, the catalogue says {record.sha256}"
        return row_finding(archive, "damaged", record, message), None
    if fault := facts.fault(etag_md5=record.etag_md5 and facts.md5):
        return row_finding(archive, "incomplete", record, fault), None
    said = (record.size, record.signature, record.etag_md5)
    actual = (facts.size, facts.signature, record.etag_md5 and facts.md5)
    if said != actual:  # it was stored with this sha256, so the row has changed since
        message = (
            f"the catalogue says {said[0]} bytes, signature {said[1]} and MD5 {said[2]}, the file, which its sha256"
            f" proves, has {actual[0]}, {actual[1]} and {actual[2]}"
        )
        return row_finding(archive, "catalogue-wrong", record, message), None
    if facts.signature == "invalid":
        origin = "imported" if record.source == "import" else "as EDGAR served them"
        message = f"the SEC's signature does not verify: the bytes, {origin}, are not the ones it signed"
        return row_finding(archive, "signature", record, message), None
    return None, facts.signature


def check_versions(archive: Archive, *, quick: bool) -> Iterator[Finding]:
    """Findings about the bytes stored beside submissions: older versions, corrections. Raises `DamageError`."""
    for row in archive.catalogue.versions():
        finding = check_version(archive, row, quick=quick)
        if finding is not None:
            yield finding


def check_version(archive: Archive, row: VersionRecord, *, quick: bool) -> Finding | None:
    """The finding about the bytes of one row, or None."""
    path = archive.layout.version_path(row.accession, row.sha256)
    fault = _presence_fault(path, row.stored_bytes)
    if fault is None and not quick:
        try:
            if sha256_of(unpack(path)) != row.sha256:
                fault = "damaged", "the sha256 of its bytes is not the catalogue's"
        except DamageError as error:
            fault = "unreadable" if is_unreadable(error) else "damaged", error.message
    if fault is None:
        return None
    kind = "damaged" if fault[0] == "truncated" else fault[0]
    return Finding(kind, row.accession, str(path.relative_to(archive.root)), fault[1])
