"""Verifying and repairing a whole archive: files, catalogue and index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from archiver.audit.findings import Finding, catalogue_finding, is_of_row
from archiver.audit.repair import repair_files
from archiver.audit.second_look import confirmed
from archiver.audit.verify import verify_files
from archiver.errors import DamageError, UsageError
from archiver.identifiers import AccessionNumber
from archiver.runtime.paths import is_dir
from archiver.runtime.progress import CancelToken, Progress, ProgressUpdate, checked_progress
from archiver.settings.settings import Settings
from archiver.startup.dataclass import dataclass
from archiver.store.archive import Archive
from archiver.store.layout import Layout
from archiver.store.locking import is_being_written
from archiver.store.opening import format_fault
from edgarchive.indexing import index_options
from indexer.update.check import check_index
from indexer.update.update import repair_index

_MADE_ANEW = frozenset({"catalogue-damaged", "uncatalogued", "misplaced"})


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """The result of a check of an archive, or what remains after its repair.

    `checked` counts submissions, `ok` those whose file has no finding, `signed` those of them with a valid SEC
    signature. `acknowledged` counts invalid signatures that a user has accepted. `repaired` are the findings that a
    repair fixed, each with what was done; None for a check.
    """

    checked: int
    ok: int
    signed: int
    findings: tuple[Finding, ...]
    repaired: tuple[Finding, ...] | None = None
    acknowledged: int = 0


def verify_archive(
    settings: Settings | None = None,
    *,
    quick: bool = False,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> VerifyReport:
    """Check files, catalogue and index of the archive against each other. Read-only; sends no request.

    Every file is read (sha256, closing tag, PEM signature) or, with `quick`, only existence and size are checked;
    `jobs` at once. Findings are checked again, since another process may be writing. Raises `NotInArchiveError`,
    `ArchiveFormatError`, `StorageError`, `RunCancelledError`.
    """
    settings, progress = settings or Settings(), checked_progress(progress)
    layout = Layout(settings.root.expanduser())
    try:
        archive = Archive.open(settings.root)
    except DamageError as error:
        finding = _format_finding(layout) or Finding("catalogue-damaged", None, layout.catalogue.name, error.message)
        return VerifyReport(0, 0, 0, (finding,))
    with archive:
        try:
            total = archive.catalogue.count()
            report = verify_files(archive, quick=quick, jobs=settings.jobs, progress=progress, cancel=cancel)
            progress(ProgressUpdate("checking the index", done=report.checked, total=total))
            index = _index_findings(archive, settings, quick=quick)
            files = confirmed(archive, report.findings, quick=quick)
        except DamageError as error:
            return VerifyReport(0, 0, 0, (catalogue_finding(archive, error),))
        ok = report.checked - len({finding.accession for finding in files if is_of_row(finding)})
        return VerifyReport(report.checked, ok, report.signed, (*files, *index), acknowledged=report.acknowledged)


def _format_finding(layout: Layout) -> Finding | None:
    fault = format_fault(layout)
    return Finding("format-damaged", None, layout.format_file.name, fault.message) if fault else None


def _index_findings(archive: Archive, settings: Settings, *, quick: bool) -> list[Finding]:
    """Findings about the index, checked twice: a commit of another process may have resolved some."""
    found = list(check_index(archive, settings=settings, quick=quick))
    if not found or not is_being_written(archive.layout):
        return found
    again = {(one.kind, one.accession, one.path) for one in check_index(archive, settings=settings, quick=quick)}
    return [one for one in found if (one.kind, one.accession, one.path) in again]


def acknowledge_signatures(accessions: Sequence[AccessionNumber | str], *, settings: Settings | None = None) -> int:
    """Accept these invalid signatures, so that `verify_archive` counts them without a finding.

    An acknowledgement applies to the accession number and the sha256 of the stored bytes. Returns how many are new.
    Raises `UsageError` for a submission whose signature is not invalid, `NotInArchiveError`, `LockedError`,
    `StorageError`.
    """
    with Archive.open((settings or Settings()).root, writable=True) as archive:
        records = [archive.record(AccessionNumber(accession)) for accession in accessions]
        for record in records:
            if record.signature != "invalid":
                raise UsageError(f"the signature of {record.accession} is not invalid", "leave it out")
        pairs = {(record.accession, record.sha256) for record in records}
        new = pairs.difference(archive.catalogue.acknowledged())
        archive.catalogue.acknowledge(new, moment=datetime.now(UTC))
        archive.catalogue.make_durable()
        return len(new)


def repair_archive(
    settings: Settings | None = None,
    *,
    quick: bool = False,
    index: bool = True,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> VerifyReport:
    """Check as `verify_archive` does and repair what is found; what cannot be repaired remains a finding.

    Broken files go to the quarantine and are fetched again if the settings have an identity. A lost or damaged
    catalogue is rebuilt from the stored files, and the index from those; `index=False` skips the index. A stopped
    repair can be repeated. It blocks; run it in a thread from an event loop. Raises `NotInArchiveError`,
    `ArchiveFormatError`, `LockedError` (another process writes), `StorageError`.
    """
    settings, progress = settings or Settings(), checked_progress(progress)
    lost: list[DamageError] = []
    layout = Layout(settings.root.expanduser())
    fault = _format_finding(layout)
    create = is_dir(layout.submissions)
    with Archive.open(settings.root, writable=True, create=create, on_damage=lost.append) as archive:
        files = repair_files(
            archive, settings, lost=lost[0] if lost else None, quick=quick, progress=progress, cancel=cancel
        )
        written = (replace(fault, message=f"{fault.message}; it was written again"),) if fault else ()
        repaired = (*written, *files.repaired)
        report = VerifyReport(files.checked, files.ok, files.signed, files.findings, repaired, files.acknowledged)
        if not index:
            return report
        return _repair_index(archive, report, settings, quick=quick, progress=progress, cancel=cancel)


def _repair_index(
    archive: Archive,
    report: VerifyReport,
    settings: Settings,
    *,
    quick: bool,
    progress: Progress,
    cancel: CancelToken | None,
) -> VerifyReport:
    repaired = report.repaired or ()
    progress(ProgressUpdate("checking the index"))
    index = repair_index(
        archive,
        index_options(settings, progress=progress, cancel=cancel),
        quick=quick,
        renew=any(finding.kind in _MADE_ANEW for finding in repaired),
    )
    left = tuple(Finding("index-missing", one.accession, None, one.message) for one in index.report.failed)
    failed = {finding.accession for finding in left}
    put_right = (
        replace(
            finding,
            message=f"{finding.message}; {'it was rebuilt' if finding.accession is None else 'it was repaired'}",
        )
        for finding in index.found
        if finding.accession is None or finding.accession not in failed
    )
    return replace(report, findings=(*report.findings, *left), repaired=(*repaired, *put_right))
