"""Rechecking findings that another process, writing at the same time, may have caused.

A sync renames a file before it writes its row, several dozen rows at a time, and a refresh replaces a file before its
row. A check in between sees one without the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from archiver.audit.findings import ROW_KINDS, Finding, is_version, version_at
from archiver.audit.verify import check_row, check_version, is_acknowledged
from archiver.catalogue.records import CatalogueRecord
from archiver.catalogue.runs import Run
from archiver.identifiers import AccessionNumber
from archiver.runtime.paths import exists
from archiver.store.archive import Archive
from archiver.store.locking import is_being_written

_CLOCK_SLACK = timedelta(seconds=1)
"""Tolerance for file times, which file systems take from a coarser clock."""


def confirmed(archive: Archive, findings: Iterable[Finding], *, quick: bool) -> tuple[Finding, ...]:
    """The findings that still hold.

    Unfinished work of another process is no finding: a file newer than its run without a row, or with the row of the
    bytes it replaces. Raises `DamageError`.
    """
    listed = list(findings)
    if not listed:
        return ()
    writer = _writing_run(archive)
    unknown = {finding.accession for finding in listed if finding.kind == "uncatalogued" and finding.accession}
    catalogued = set(archive.catalogue.stored_bytes_of(sorted(unknown)))
    return tuple(_still_holding(archive, listed, writer, catalogued, quick=quick))


def _writing_run(archive: Archive) -> Run | None:
    """The run of another process that is writing now, or None."""
    if archive.writable or not is_being_written(archive.layout):
        return None
    return next((run for run in archive.catalogue.runs.latest(1) if run.outcome is None), None)


def _still_holding(
    archive: Archive, findings: Iterable[Finding], writer: Run | None, catalogued: set[str], *, quick: bool
) -> Iterator[Finding]:
    for finding in findings:
        if finding.accession is None:
            if finding.kind != "misplaced" or exists(archive.root / str(finding.path)):
                yield finding
        elif finding.kind == "uncatalogued":
            has_row = _has_row(archive, finding, finding.accession, catalogued)
            if not has_row and not _is_newer(archive, finding, writer):
                yield finding
        elif is_version(finding.path):
            yield from _version_again(archive, finding, finding.accession, quick=quick)
        elif finding.kind in ROW_KINDS:
            yield from _row_again(archive, finding, finding.accession, writer, quick=quick)
        else:
            yield finding


def _has_row(archive: Archive, finding: Finding, accession: AccessionNumber, catalogued: set[str]) -> bool:
    if not is_version(finding.path):
        return accession in catalogued
    return version_at(archive, accession, archive.root / str(finding.path)) is not None


def _is_newer(archive: Archive, finding: Finding, writer: Run | None) -> bool:
    """Whether a file was written after the run of `writer` began, or is gone."""
    try:
        changed = (archive.root / str(finding.path)).lstat().st_mtime
    except OSError:
        return True
    return writer is not None and datetime.fromtimestamp(changed, UTC) >= writer.began - _CLOCK_SLACK


def _version_again(archive: Archive, finding: Finding, accession: AccessionNumber, *, quick: bool) -> Iterator[Finding]:
    row = version_at(archive, accession, archive.root / str(finding.path))
    again = None if row is None else check_version(archive, row, quick=quick)
    if again is not None:
        yield again


def _row_again(
    archive: Archive, finding: Finding, accession: AccessionNumber, writer: Run | None, *, quick: bool
) -> Iterator[Finding]:
    record = archive.catalogue.get(accession)
    if record is None or archive.root / str(finding.path) != archive.layout.submission(accession):
        if exists(archive.root / str(finding.path)):
            yield finding
        return
    again, _ = check_row(archive, record, quick=quick)
    if again is None or is_acknowledged(again, record, archive.catalogue.acknowledged()):
        return
    if not (_is_being_replaced(archive, record) and _is_newer(archive, finding, writer)):
        yield again


def _is_being_replaced(archive: Archive, record: CatalogueRecord) -> bool:
    """Whether the bytes that the row describes are already stored beside the submission."""
    return any(row.sha256 == record.sha256 for row in archive.catalogue.versions(record.accession))
