"""Repairing what a check of the files found: from the files themselves, the quarantine, or EDGAR.

No byte of a submission is deleted; broken files go to the quarantine. A repair can be stopped at any time and the next
one continues: the row of a lost file stays until the file is back, and a file without a row stays until it has one.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from archiver.audit.findings import Finding
from archiver.audit.recovery import (
    OldCatalogue,
    StoredFile,
    may_be_whole,
    proven_row,
    read_stored_file,
    recovered_version,
    with_stored_facts,
)
from archiver.audit.refetch import refetch
from archiver.audit.repair_log import RepairLog, RepairReport
from archiver.audit.tree import files_without_row
from archiver.audit.verify import (
    check_journal,
    check_rows,
    check_versions,
    is_acknowledged,
    is_unreadable,
)
from archiver.catalogue.records import CatalogueRecord, VersionRecord
from archiver.checks.body import submission_in
from archiver.errors import DamageError, StorageError
from archiver.identifiers import AccessionNumber
from archiver.planning.plan import SubmissionRef
from archiver.runtime.paths import exists, is_dir, is_taken
from archiver.runtime.progress import CancelToken, Progress, ProgressUpdate, checked_progress
from archiver.settings.settings import Settings
from archiver.store.archive import Archive, unused_name
from archiver.store.durable import publish, storage_errors
from archiver.store.layout import SUBMISSION_SUFFIX
from archiver.store.opening import has_submissions

_BATCH = 256
_NO_IDENTITY = "EDGAR was not asked: no user_agent is set"
_BROKEN = frozenset({"missing", "truncated", "damaged", "incomplete", "misplaced"})


def repair_files(
    archive: Archive,
    settings: Settings,
    *,
    lost: DamageError | None = None,
    quick: bool = False,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> RepairReport:
    """Check as `verify_files` does and repair what is found; what cannot be repaired remains a finding.

    `archive` must be open for writing. `lost` is the damage of a catalogue that was replaced when it was opened. EDGAR
    is asked only for what cannot be recovered locally, and only if the settings have an identity. It blocks; run it in
    a thread from an event loop. Raises `RunCancelledError` and `StorageError`, also if there are rows but no files,
    since their disk is then probably not mounted.
    """
    if archive.catalogue.count() and not has_submissions(archive.layout):
        raise StorageError(
            f"{archive.layout.submissions} is empty, and the catalogue has rows",
            "mount its disk; if all files are lost, remove the catalogue and run `edgarchive sync`",
        )
    with _Repair(archive, settings, checked_progress(progress), cancel or CancelToken()) as repair:
        repair.rows(quick=quick)
        repair.versions(quick=quick)
        repair.tree()
        repair.journal()
        repair.fetch()
        return repair.log.report(lost, archive.layout.catalogue.name)


class _Repair:
    """One repair: what was checked, repaired and left."""

    def __init__(self, archive: Archive, settings: Settings, progress: Progress, cancel: CancelToken) -> None:
        self._archive = archive
        self._catalogue = archive.catalogue
        self._settings = settings
        self._progress = progress
        self._cancel = cancel
        self.log = RepairLog()
        self._now, self._had_rows = datetime.now(UTC), archive.catalogue.count() > 0
        self._old = OldCatalogue(archive.layout.quarantine / archive.layout.catalogue.name)
        self._old.take_over(archive)
        self.log.left += self._old.findings
        self._lost: dict[AccessionNumber, Finding] = {}
        self._unproven: dict[AccessionNumber, tuple[Finding, SubmissionRef]] = {}
        self._aside: dict[AccessionNumber, Finding] = {}
        self._lost_bytes: dict[str, AccessionNumber] = {}

    def rows(self, *, quick: bool) -> None:
        """Check every row; quarantine broken files, then restore those that the quarantine has in a complete copy."""
        total, acknowledged = self._catalogue.count(), self._catalogue.acknowledged()
        for record, finding, signature in check_rows(self._archive, quick=quick, jobs=self._settings.jobs):
            self._cancel.check()
            self.log.checked += 1
            if finding is None:
                self.log.count_ok(signature)
            elif is_acknowledged(finding, record, acknowledged):
                self.log.acknowledged += 1
                self.log.count_ok(None)
            elif finding.kind == "catalogue-wrong":
                self._correct_row(finding)
            elif finding.kind in _BROKEN and finding.accession is not None:
                self._lost[finding.accession] = finding
            else:
                self.log.left.append(finding)
            self._progress(ProgressUpdate("checking", done=self.log.checked, total=total))
        if self._lost:
            self._catalogue.checkpoints.forget()
        self._vacate()

    def _correct_row(self, finding: Finding) -> None:
        """Rewrite a wrong row whose sha256 proves its file."""
        record, path = self._row(finding)
        file = read_stored_file(path, record.accession)
        self._catalogue.put(with_stored_facts(record, file))
        self.log.done(finding, "the row was corrected")
        self.log.count_ok(file.body.signature)

    def _vacate(self) -> None:
        """Quarantine files that do not match their rows, under the number that they contain; restore complete ones."""
        moved = []
        for accession, finding in self._lost.items():
            path = self._archive.layout.submission(accession)
            if finding.kind != "incomplete" and is_taken(path):
                moved.append(submission_in(path) or accession)
                self._set_aside(path, moved[-1])
        for accession in dict.fromkeys([*self._lost, *moved]):
            self._restore(accession)

    def _set_aside(self, path: Path, accession: AccessionNumber) -> None:
        """Move a file to the quarantine under the number of its submission. Nothing there is replaced.

        One that may be whole, perhaps an earlier version, gets a name that is kept when the submission is stored.
        """
        plain = self._archive.layout.quarantine / f"{accession}{SUBMISSION_SUFFIX}"
        self._archive.quarantine(path, unused_name(plain, first=int(may_be_whole(path, accession))).name)

    def _restore(self, accession: AccessionNumber) -> bool:
        """Restore a submission from the quarantine if it has a complete copy that matches the row."""
        place = self._archive.layout.submission(accession)
        if exists(place):
            return False
        for copy in self._archive.quarantined_copies(accession):
            try:
                file = read_stored_file(copy, accession)
            except DamageError:
                continue
            known = self._catalogue.get(accession) or self._old.row_of(accession, file)
            if known is None and copy.name == place.name:  # it was refused, perhaps by EDGAR's checksum
                continue
            record = proven_row(file, known, accession)
            if record is not None:
                self._clear_the_way(place)
                with storage_errors(place):
                    publish(copy, place)
                self._catalogue.put(record)
                self._note_restored(accession, place, file.body.signature)
                return True
        return False

    def _note_restored(self, accession: AccessionNumber, place: Path, signature: str | None) -> None:
        finding = self._lost.pop(accession, None)
        if finding is None:
            self.log.checked += 1
            path = str(place.relative_to(self._archive.root))
            finding = Finding("misplaced", accession, path, "its file was in another place")
        self._aside.pop(accession, None)
        self.log.done(finding, "it was restored to its place")
        self.log.count_ok(signature)

    def _clear_the_way(self, place: Path) -> None:
        """Quarantine files where a folder on the path to `place` should be."""
        for folder in place.parents:
            if folder == self._archive.layout.submissions:
                return
            if is_taken(folder) and not is_dir(folder):
                self._archive.quarantine(folder, unused_name(self._archive.layout.quarantine / folder.name).name)

    def versions(self, *, quick: bool) -> None:
        """Check the bytes stored beside submissions. EDGAR no longer serves them, so rows of lost ones are removed."""
        lost: list[tuple[Finding, VersionRecord]] = []
        for finding in list(check_versions(self._archive, quick=quick)):
            if finding.kind == "unreadable" or finding.accession is None:
                self.log.left.append(finding)
                continue
            path = self._archive.root / str(finding.path)
            if finding.kind == "damaged":
                self._set_aside(path, submission_in(path) or finding.accession)
            rows = self._catalogue.versions(finding.accession)
            lost += [(finding, row) for row in rows if self._version_path(row) == path]
        for finding, row in lost:  # now that all are set aside: some may have been swapped
            if self._restore_version(row):
                self.log.done(finding, "it was restored to its place")
            else:
                self._catalogue.remove_version(row)
                self.log.leave(finding, "EDGAR no longer serves these bytes, so their row was removed")
        for accession in list(self._lost):
            self._restore(accession)

    def _version_path(self, row: VersionRecord) -> Path:
        return self._archive.layout.version_path(row.accession, row.sha256)

    def _restore_version(self, row: VersionRecord) -> bool:
        """Restore bytes beside a submission from the quarantine if it has them."""
        place = self._version_path(row)
        for copy in self._archive.quarantined_copies(row.accession):
            with contextlib.suppress(DamageError), storage_errors(place):
                file = read_stored_file(copy, row.accession)
                if file.body.sha256 == row.sha256:
                    self._clear_the_way(place)
                    publish(copy, place)
                    self._catalogue.add_version(replace(row, stored_bytes=file.stored_bytes))  # perhaps packed again
                    return True
        return False

    def journal(self) -> None:
        """Record runs that the journal has lost."""
        for finding in list(check_journal(self._archive)):
            self.log.done(finding, "the run was recorded again, as far as submissions name it")
        for number in self._catalogue.runs.unknown():
            self._catalogue.runs.note_lost(number)

    def tree(self) -> None:
        """Add rows for files without one, and move misplaced files to their location."""
        self._lost_bytes = {self._archive.record(accession).sha256: accession for accession in self._lost}
        waiting: list[Finding] = []
        with ThreadPoolExecutor(self._settings.jobs) as pool:

            def add_waiting() -> None:
                files = list(pool.map(self._read, waiting))
                records = [self._add_row(finding, file) for finding, file in zip(waiting, files, strict=True)]
                self._catalogue.put(*(record for record in records if record is not None))
                waiting.clear()
                self._progress(ProgressUpdate("adding files", done=self.log.added))

            for finding in files_without_row(self._archive):
                path = self._archive.root / str(finding.path)
                if finding.kind == "unreadable":
                    self.log.left.append(finding)
                elif finding.kind == "misplaced":
                    self._place(finding, path)
                elif finding.accession is not None and path != self._archive.layout.submission(finding.accession):
                    self._add_version(finding, path, finding.accession)
                else:
                    waiting.append(finding)
                    if len(waiting) == _BATCH:
                        add_waiting()
            add_waiting()
        self._settle_aside()
        self._restore_forgotten()

    def _read(self, finding: Finding) -> StoredFile | DamageError:
        try:
            return read_stored_file(self._archive.root / str(finding.path), _accession(finding))
        except DamageError as error:
            return error

    def _add_row(self, finding: Finding, file: StoredFile | DamageError) -> CatalogueRecord | None:
        """The row of a file in its location; None if there can be none, in which case the file is handled here."""
        accession = _accession(finding)
        path = self._archive.layout.submission(accession)
        if isinstance(file, DamageError):
            if is_unreadable(file):
                self.log.leave(replace(finding, kind="unreadable"), file.message)
            else:
                self._set_aside(path, accession)
                self.log.leave(finding, f"{file.message}, and is in the quarantine; a sync that selects it fetches it")
            return None
        record = self._old.row_of(accession, file)
        if record is None and (new := proven_row(file, None, accession)) is not None:
            record = replace(new, added=self._now) if self._had_rows else new
        if record is not None:
            self._drop_row_of_no_file(record)
            self.log.count_added(finding)
            if record.signature == "invalid":
                self.log.left.append(replace(finding, kind="signature", message="the SEC's signature does not verify"))
            else:
                self.log.count_ok(record.signature)
        elif file.header is not None and file.header.accession != accession:
            self._place(replace(finding, kind="misplaced"), path)
        elif file.body.opening is None or not file.body.named:
            self._set_aside(path, accession)
            self.log.leave(finding, f"{file.body.fault(etag_md5=None)}; it is in the quarantine")
        elif file.header is None:
            self.log.leave(finding, f"{file.header_fault}: a sync that selects it adds it")
        else:
            ref = SubmissionRef(accession, file.header.form, file.header.filing_date, file.header.any_cik, listed=False)
            message = f"{file.body.fault(etag_md5=None)}; only EDGAR's checksum can prove it whole"
            self._unproven[accession] = (replace(finding, message=message), ref)
        return record

    def _drop_row_of_no_file(self, record: CatalogueRecord) -> None:
        """Remove the row of a lost file whose bytes belong to another submission: its number was damaged."""
        other = self._lost_bytes.get(record.sha256)
        finding = self._lost.pop(other, None) if other else None
        if other and finding:
            self._catalogue.remove(other)
            self.log.done(finding, f"these bytes are {record.accession}, so the row was removed")

    def _add_version(self, finding: Finding, path: Path, accession: AccessionNumber) -> None:
        """Add a row for a file beside a submission if its bytes match its name."""
        file = self._read(finding)
        if isinstance(file, StoredFile) and path == self._archive.layout.version_path(accession, file.body.sha256):
            self._catalogue.add_version(recovered_version(file, accession))
            self.log.done(finding, "it was added to the catalogue")
        else:
            self._set_aside(path, submission_in(path) or accession)
            self.log.done(finding, "these are not the bytes that its name says; it is in the quarantine")

    def _place(self, finding: Finding, path: Path) -> None:
        """Move a misplaced file to the location of its submission, by way of the quarantine."""
        accession = submission_in(path)
        if accession is None:
            below = path.relative_to(self._archive.layout.submissions)
            name = unused_name(self._archive.layout.quarantine / str(below).replace("/", "_")).name
            self._archive.quarantine(path, name)
            self.log.done(finding, "it is in the quarantine")
            return
        self._set_aside(path, accession)
        if not self._restore(accession):  # the file in its location may also be misplaced
            self._aside[accession] = finding

    def _settle_aside(self) -> None:
        """Restore what could not be restored before, now that all misplaced files have been moved."""
        for accession in list(self._aside):
            self._restore(accession)
        for accession, finding in self._aside.items():
            if self._archive.kept([accession]):
                self.log.done(finding, "it is in the quarantine")
            elif accession not in self._lost:
                self.log.leave(finding, f"it is in the quarantine: not the whole submission {accession}")
        self._aside.clear()

    def _restore_forgotten(self) -> None:
        """Restore whole submissions of which the archive has nothing: a stopped repair has set them aside."""
        for accession in self._archive.set_aside():
            if accession not in self._catalogue:
                self._restore(accession)

    def fetch(self) -> None:
        """Fetch from EDGAR what is lost or unproven."""
        wanted: dict[AccessionNumber, tuple[Finding, SubmissionRef]] = dict(self._unproven)
        for accession, finding in self._lost.items():
            record, _ = self._row(finding)
            if record.cik is None:
                self.log.leave(finding, "cannot fetch it: no CIK is recorded")
                continue
            ref = SubmissionRef(accession, record.form, record.filing_date, record.cik, record.listed, record.quarter)
            wanted[accession] = (finding, ref)
        if self._settings.user_agent is None:
            for finding, _ in wanted.values():
                self.log.leave(finding, _NO_IDENTITY)
        elif wanted:
            self._fetch(wanted)

    def _fetch(self, wanted: dict[AccessionNumber, tuple[Finding, SubmissionRef]]) -> None:
        refs = [ref for _, ref in wanted.values()]
        faults = refetch(self._archive, self._settings, refs, progress=self._progress, cancel=self._cancel)
        for accession, (finding, _) in wanted.items():
            fault = faults[accession]
            if fault is None:
                self.log.done(finding, "it was fetched again")
                self.log.checked += accession in self._unproven
                self.log.count_ok(self._archive.record(accession).signature)
            else:
                self.log.leave(finding, fault)

    def _row(self, finding: Finding) -> tuple[CatalogueRecord, Path]:
        accession = _accession(finding)
        return self._archive.record(accession), self._archive.layout.submission(accession)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._old.__exit__(*error)


def _accession(finding: Finding) -> AccessionNumber:
    if finding.accession is None:
        raise ValueError(f"a finding without accession number: {finding}")
    return finding.accession
