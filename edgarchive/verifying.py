"""Verifying and repairing all of an archive: files, catalogue and index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from archiver.audit.findings import Finding, catalogue_finding, is_of_row
from archiver.audit.repair import repair_files
from archiver.audit.second_look import confirmed
from archiver.audit.verify import verify_files
from archiver.errors import DamageError, UsageError
from archiver.identifiers import AccessionNumber
from archiver.progress import CancelToken, Progress, ProgressUpdate, checked_progress
from archiver.settings import Settings
from archiver.store.archive import Archive
from archiver.store.layout import Layout
from archiver.store.locking import is_being_written
from edgarchive.indexing import index_options
from indexer.update.check import check_index
from indexer.update.update import repair_index

_MADE_ANEW = frozenset({"catalogue-damaged", "uncatalogued", "misplaced"})


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What a check of an archive found, or what its repair has left.

    `checked` counts submissions, `ok` those whose file is without a finding, `signed` those among them that the SEC has
    signed validly. `acknowledged` counts invalid signatures that a person has acknowledged. `repaired` are the findings
    that a repair has put right, each with what was done; None for a check.
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
    """Hold files, catalogue and index of the archive against each other; changes nothing, and makes no request.

    Every file is read (sha256, closing tag, the SEC's PEM signature), or, with `quick`, only presence and size are
    looked at; `jobs` at once. What is found is looked at a second time, since another process may write meanwhile.
    Raises `NotInArchiveError`, `ArchiveFormatError`, `StorageError`, `RunCancelledError`.
    """
    settings, progress = settings or Settings(), checked_progress(progress)
    try:
        archive = Archive.open(settings.root)
    except DamageError as error:
        finding = Finding("catalogue-damaged", None, Layout(settings.root).catalogue.name, error.message)
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


def _index_findings(archive: Archive, settings: Settings, *, quick: bool) -> list[Finding]:
    """What is wrong with the index, twice: what a commit of another process has just put right is no finding."""
    found = list(check_index(archive, settings=settings, quick=quick))
    if not found or not is_being_written(archive.layout):
        return found
    again = {(one.kind, one.accession, one.path) for one in check_index(archive, settings=settings, quick=quick)}
    return [one for one in found if (one.kind, one.accession, one.path) in again]


def acknowledge_signatures(accessions: Sequence[AccessionNumber | str], *, settings: Settings | None = None) -> int:
    """Note that somebody knows of these invalid signatures, so that `verify_archive` counts them and finds nothing.

    An acknowledgement is of the accession number and the sha256 of the stored bytes: other bytes are found again.
    Returns how many are new. Raises `UsageError` for a submission whose signature is not invalid, `NotInArchiveError`,
    `LockedError`, `StorageError`.
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
    """Check as `verify_archive` does, and put right what is found; what could not be is left among the findings.

    What is broken goes to the quarantine, and is fetched again where the settings name an identity. A lost or damaged
    catalogue is made again from the stored files alone, and the index from those; `index=False` leaves the index alone.
    A repair that was stopped can simply be run again. It blocks: code in an event loop runs it in a thread.
    Raises `NotInArchiveError`, `ArchiveFormatError`, `LockedError` (another process writes), `StorageError`.
    """
    settings, progress = settings or Settings(), checked_progress(progress)
    lost: list[DamageError] = []
    create = Layout(settings.root.expanduser()).submissions.is_dir()
    with Archive.open(settings.root, writable=True, create=create, on_damage=lost.append) as archive:
        files = repair_files(
            archive, settings, lost=lost[0] if lost else None, quick=quick, progress=progress, cancel=cancel
        )
        report = VerifyReport(files.checked, files.ok, files.signed, files.findings, files.repaired, files.acknowledged)
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
        replace(finding, message=f"{finding.message}; {'it was made anew' if finding.accession is None else 'mended'}")
        for finding in index.found
        if finding.accession is None or finding.accession not in failed
    )
    return replace(report, findings=(*report.findings, *left), repaired=(*repaired, *put_right))
