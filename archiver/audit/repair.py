"""Repairing what a check of the files found: from the files themselves, the quarantine, or EDGAR.

First, whatever is not what its place says goes to the quarantine; then what is whole there is put where it belongs,
since files may be in each other's places. No byte of a submission is deleted. A repair can be stopped at any time and
the next one continues: the row of a lost file stays until the file is back, a file without a row stays until it has
one, and what is whole in the quarantine is found there again.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

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
from archiver.audit.verify import check_journal, check_rows, check_version, is_acknowledged, is_unreadable
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
    had_rows = archive.catalogue.count() > 0
    if had_rows and not has_submissions(archive.layout):
        raise StorageError(
            f"{archive.layout.submissions} is empty, and the catalogue has rows",
            "mount its disk; if all files are lost, remove the catalogue and run `edgarchive sync`",
        )
    with OldCatalogue(archive.layout.quarantine / archive.layout.catalogue.name) as old:
        old.take_over(archive)
        repair = _Repair(archive, settings, old, checked_progress(progress), cancel or CancelToken(), had_rows=had_rows)
        repair.check_rows(quick=quick)
        repair.check_versions(quick=quick)
        repair.check_tree()
        repair.restore()
        repair.complete_journal()
        repair.fetch()
        return repair.log.report(lost, archive.layout.catalogue.name)


class _Repair:
    """One repair: what was checked, repaired and left, and what its later steps are to do.

    `had_rows`: the catalogue was not lost, so that a file without a row is added now.
    """

    def __init__(
        self,
        archive: Archive,
        settings: Settings,
        old: OldCatalogue,
        progress: Progress,
        cancel: CancelToken,
        *,
        had_rows: bool,
    ) -> None:
        self._archive = archive
        self._catalogue = archive.catalogue
        self._settings = settings
        self._old = old
        self._progress = progress
        self._cancel = cancel
        self._now, self._had_rows = datetime.now(UTC), had_rows
        self.log = RepairLog(left=list(old.findings))
        self._lost: dict[AccessionNumber, Finding] = {}
        """Rows whose files are missing or broken."""
        self._lost_bytes: dict[str, AccessionNumber] = {}
        """Their numbers by the sha256 of their bytes."""
        self._lost_versions: list[tuple[Finding, VersionRecord]] = []
        """Rows of bytes beside a submission that are missing or broken."""
        self._misplaced: defaultdict[AccessionNumber, list[Finding]] = defaultdict(list)
        """Files that were in another place than that of the submission in them, and are in the quarantine."""
        self._unproven: dict[AccessionNumber, tuple[Finding, SubmissionRef]] = {}
        """Files without a row that only EDGAR's checksum can prove whole."""

    def check_rows(self, *, quick: bool) -> None:
        """Check every row: correct those that are wrong, and set broken files aside."""
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
                self._correct_row(finding, record)
            elif finding.kind in _BROKEN:
                self._lost[record.accession] = finding
                self._lost_bytes[record.sha256] = record.accession
            else:
                self.log.left.append(finding)
            self._progress(ProgressUpdate("checking", done=self.log.checked, total=total))
        if self._lost:
            self._catalogue.checkpoints.forget()
        for accession, finding in self._lost.items():
            path = self._archive.layout.submission(accession)
            if finding.kind != "incomplete" and is_taken(path):
                self._set_aside(path, accession)

    def _correct_row(self, finding: Finding, record: CatalogueRecord) -> None:
        """Rewrite a wrong row whose sha256 proves its file."""
        file = read_stored_file(self._archive.layout.submission(record.accession), record.accession)
        self._catalogue.put(with_stored_facts(record, file))
        self.log.done(finding, "the row was corrected")
        self.log.count_ok(file.body.signature)

    def _set_aside(self, path: Path, accession: AccessionNumber | None = None) -> AccessionNumber | None:
        """Move a file to the quarantine under the number in it, else `accession`, else its path; returns that number.

        Nothing there is replaced. One that may be whole, perhaps an earlier version, gets a name that is kept when the
        submission is stored.
        """
        number = submission_in(path) or accession
        below = str(path.relative_to(self._archive.layout.submissions)).replace("/", "_")
        plain = self._archive.layout.quarantine / (below if number is None else f"{number}{SUBMISSION_SUFFIX}")
        first = int(number is not None and may_be_whole(path, number))
        self._archive.quarantine(path, unused_name(plain, first=first).name)
        return number

    def check_versions(self, *, quick: bool) -> None:
        """Check the bytes stored beside submissions, and set those aside that are not what their rows say."""
        for row in self._catalogue.versions():
            finding = check_version(self._archive, row, quick=quick)
            if finding is None:
                continue
            if finding.kind == "unreadable":
                self.log.left.append(finding)
                continue
            if finding.kind == "damaged":
                self._set_aside(self._version_path(row), row.accession)
            self._lost_versions.append((finding, row))

    def _version_path(self, row: VersionRecord) -> Path:
        return self._archive.layout.version_path(row.accession, row.sha256)

    def restore(self) -> None:
        """Put what is whole in the quarantine where it belongs, and report what was not found there."""
        for accession in list(self._lost):
            self._restore(accession)
        for finding, row in self._lost_versions:
            if self._restore_version(row):
                self.log.done(finding, "it was restored to its place")
            else:
                self._catalogue.remove_version(row)
                self.log.leave(finding, "EDGAR no longer serves these bytes, so their row was removed")
        unknown = [accession for accession in self._archive.set_aside() if accession not in self._catalogue]
        for accession in dict.fromkeys([*self._misplaced, *unknown]):
            self._restore(accession)
        for accession, findings in self._misplaced.items():
            for finding in findings:
                if self._archive.kept([accession]):
                    self.log.done(finding, "it is in the quarantine")
                elif accession not in self._lost:
                    self.log.leave(finding, f"it is in the quarantine: not the whole submission {accession}")

    def _restore(self, accession: AccessionNumber) -> None:
        """Restore a submission from the quarantine if it has a complete copy that matches the row."""
        place = self._archive.layout.submission(accession)
        if exists(place):
            return
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
                self._publish(copy, place, accession)
                self._catalogue.put(record)
                self._note_restored(accession, place, file.body.signature)
                return

    def _note_restored(self, accession: AccessionNumber, place: Path, signature: str | None) -> None:
        finding = self._lost.pop(accession, None)
        if finding is None:
            self.log.checked += 1
            path = str(place.relative_to(self._archive.root))
            finding = Finding("misplaced", accession, path, "its file was in another place")
        self.log.done(finding, "it was restored to its place")
        self.log.count_ok(signature)

    def _publish(self, copy: Path, place: Path, accession: AccessionNumber) -> None:
        """Move a file from the quarantine to its place, and what stands where a folder should be to the quarantine."""
        for folder in place.parents:
            if folder == self._archive.layout.submissions:
                break
            if is_taken(folder) and not is_dir(folder):
                self._archive.quarantine(folder, unused_name(self._archive.layout.quarantine / folder.name).name)
        with storage_errors(place):
            publish(copy, place)
        if findings := self._misplaced.get(accession):
            findings.pop()  # one of its files is where it belongs

    def _restore_version(self, row: VersionRecord) -> bool:
        """Restore bytes beside a submission from the quarantine if it has them."""
        place = self._version_path(row)
        for copy in self._archive.quarantined_copies(row.accession):
            with contextlib.suppress(DamageError):
                file = read_stored_file(copy, row.accession)
                if file.body.sha256 == row.sha256:
                    self._publish(copy, place, row.accession)
                    self._catalogue.add_version(replace(row, stored_bytes=file.stored_bytes))  # perhaps packed again
                    return True
        return False

    def complete_journal(self) -> None:
        """Record runs that the journal has lost."""
        for finding in list(check_journal(self._archive)):
            self.log.done(finding, "the run was recorded again, as far as submissions name it")
        for number in self._catalogue.runs.unknown():
            self._catalogue.runs.note_lost(number)

    def check_tree(self) -> None:
        """Add rows for files without one, and set misplaced files aside."""
        found = self._files_in_place()
        with ThreadPoolExecutor(self._settings.jobs) as pool:
            while batch := list(islice(found, _BATCH)):
                files = pool.map(self._read, batch)
                records = [self._add_row(finding, file) for finding, file in zip(batch, files, strict=True)]
                self._catalogue.put(*(record for record in records if record is not None))
                self._progress(ProgressUpdate("adding files", done=self.log.added))

    def _files_in_place(self) -> Iterator[Finding]:
        """The files without a row in the place of a submission; others that the catalogue lacks are handled here."""
        for finding in files_without_row(self._archive):
            path = self._archive.root / str(finding.path)
            if finding.kind == "unreadable":
                self.log.left.append(finding)
            elif finding.kind == "misplaced":
                self._move_away(finding, path)
            elif path == self._archive.layout.submission(_accession(finding)):
                yield finding
            else:
                self._add_version(finding, path, _accession(finding))

    def _move_away(self, finding: Finding, path: Path) -> None:
        number = self._set_aside(path)
        if number is None:
            self.log.done(finding, "it is in the quarantine")
        else:
            self._misplaced[number].append(finding)

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
            self._move_away(replace(finding, kind="misplaced"), path)
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
            self._set_aside(path, accession)
            self.log.done(finding, "these are not the bytes that its name says; it is in the quarantine")

    def fetch(self) -> None:
        """Fetch from EDGAR what is lost or unproven."""
        wanted: dict[AccessionNumber, tuple[Finding, SubmissionRef]] = dict(self._unproven)
        for accession, finding in self._lost.items():
            record = self._archive.record(accession)
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


def _accession(finding: Finding) -> AccessionNumber:
    if finding.accession is None:
        raise ValueError(f"a finding without accession number: {finding}")
    return finding.accession
