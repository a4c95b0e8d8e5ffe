"""Importing submissions that a user already has."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Generic, Self, TypeVar

from archiver.checks.body import sha256_of
from archiver.checks.envelope import Opening, opening_of
from archiver.checks.header_facts import HeaderFacts, head_of, read_header_facts
from archiver.errors import (
    ConflictError,
    DamagedBodyError,
    DamageError,
    EdgarchiveError,
    FetchError,
    IdentifierError,
    UsageError,
)
from archiver.identifiers import AccessionNumber
from archiver.intake.bulk import BulkIntake, IntakeResult
from archiver.intake.records import ref_of
from archiver.planning.plan import Outcome, Plan
from archiver.reports import ImportReport, SkippedFile, SyncFailure
from archiver.runtime.paths import exists
from archiver.runtime.progress import CancelToken, Progress, ProgressUpdate, checked_progress
from archiver.store.archive import Archive
from archiver.store.journal import journal
from archiver.store.layout import IN_QUARANTINE, QUARANTINE, VERSION_NAME
from archiver.store.packing import unpack
from archiver.streams.containers import Candidate, candidates

T = TypeVar("T")

_NOTED_EVERY = 10_000
"""Number of files between updates of an import's state in the journal."""
_MOST_LISTED = 100_000
"""Skipped files, and failures, that a report lists: an archive of some megabytes may have millions of members."""
_MORE = "and others"


def import_into(
    archive: Archive,
    paths: Sequence[Path],
    *,
    jobs: int,
    max_bytes: int,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> ImportReport:
    """Add every submission in `paths` to `archive`, open for writing; the originals are only read.

    The header's accession number decides where a submission is stored, whatever its file name. A copy of a stored
    submission is compared and changes nothing, so an interrupted import can be repeated. `jobs` threads pack; a
    submission of more than `max_bytes` decoded bytes is a failure. Raises `UsageError` for a path that does not exist,
    `StorageError`, and `RunCancelledError`.
    """
    for path in paths:
        if not exists(path):
            raise UsageError(f"{path} does not exist", "name files or folders that exist")
    began_s, cancel = time.monotonic(), cancel or CancelToken()
    selection = {"paths": [os.fsencode(path).decode("utf-8", "replace") for path in paths]}
    with Plan(archive.layout.incoming) as plan:
        named = frozenset(map(str, paths))
        run = _Import(archive, plan, named, jobs=jobs, max_bytes=max_bytes, progress=checked_progress(progress))
        with journal(archive, "import", selection, run.report) as note, run:
            number = archive.run
            for count, found in enumerate(candidates(paths, outside=archive.root)):
                cancel.check()
                run.take(found)
                if count % _NOTED_EVERY == 0:
                    note()
        return replace(run.report(), elapsed_s=time.monotonic() - began_s, run=number)


def _aside(name: str) -> str | None:
    """Why a file of another archive is not the filing with its number, going by the names that it has there."""
    *folders, last = PurePath(name.replace("!", "/")).parts
    if VERSION_NAME.fullmatch(last):
        return "an older version or a correction, kept beside the filing"
    if QUARANTINE in folders[-1:] and IN_QUARANTINE.match(last):
        return "it is in the quarantine of an archive: it failed a check"
    return None


class _Listed(Generic[T]):
    """What a report lists: everything up to a number that no import of submissions reaches, then how many more."""

    def __init__(self) -> None:
        self._items: list[T] = []
        self._more = 0

    def add(self, item: T) -> None:
        """Add one, or count it."""
        if len(self._items) < _MOST_LISTED:
            self._items.append(item)
        else:
            self._more += 1

    def items(self, last: Callable[[str], T]) -> tuple[T, ...]:
        """All that are listed; if there were more, `last` makes the last item of a message that counts them."""
        return (*self._items, *([last(f"there are {self._more:,} more, which are not listed")] if self._more else ()))


class _Import:
    """One import."""

    def __init__(
        self,
        archive: Archive,
        plan: Plan,
        named: Collection[str],
        *,
        jobs: int,
        max_bytes: int,
        progress: Progress,
    ) -> None:
        self._archive = archive
        self._max_bytes = max_bytes
        self._plan = plan
        self._named = named
        self._progress = progress
        self._paths: dict[AccessionNumber, str] = {}
        self._intake = BulkIntake(archive, self._note_outcome, source="import", jobs=jobs, max_bytes=max_bytes)
        self._skipped = _Listed[SkippedFile]()
        self._failures = _Listed[SyncFailure]()
        self.bytes_stored = 0
        self._done = 0

    def report(self) -> ImportReport:
        """The current state."""
        return ImportReport(
            planned=self._plan.count(),
            present=self._plan.count(Outcome.PRESENT),
            stored=self._plan.count(Outcome.STORED),
            failed=self._plan.count(Outcome.FAILED),
            bytes=self.bytes_stored,
            failures=self._failures.items(lambda more: SyncFailure(None, _MORE, FetchError.__name__, more)),
            skipped=self._skipped.items(lambda more: SkippedFile(_MORE, more)),
        )

    def take(self, found: Candidate | SkippedFile | SyncFailure) -> None:
        """Add one file to the archive, or to those that were skipped or cannot be read."""
        if isinstance(found, SkippedFile):
            self._skipped.add(found)
            return
        if isinstance(found, SyncFailure):
            self._failures.add(found)
            return
        if found.name not in self._named and (aside := _aside(found.name)):
            self._skipped.add(SkippedFile(found.name, aside))
            return
        try:
            head = head_of(found.reader)
            facts = read_header_facts(head)
        except IdentifierError as error:
            if opening_of(head) is None:
                self._skip(found, error.message)
            else:
                self._fail_unread(found, error)
            return
        except DamagedBodyError as error:
            self._fail_unread(found, error)
            return
        self._plan.add([ref_of(facts)])
        if self._intake.has(facts):
            self._compare(facts, found)
        else:
            self._paths[facts.accession] = found.name
            try:
                self._intake.take(facts, found.reader.portions())
            except DamagedBodyError as error:
                self._fail(facts.accession, self._paths.pop(facts.accession), error)

    def _skip(self, found: Candidate, message: str) -> None:
        """Note what is no submission, unless damage has made it look so."""
        try:
            if found.is_packed:
                found.reader.skip(self._max_bytes)
        except DamagedBodyError as error:
            self._fail_unread(found, error)
        else:
            self._skipped.add(SkippedFile(found.name, message))

    def _fail_unread(self, found: Candidate, error: EdgarchiveError) -> None:
        """Note a file that is damaged before its accession number could be read."""
        self._failures.add(SyncFailure(None, found.name, DamagedBodyError.__name__, error.message))

    def _compare(self, facts: HeaderFacts, found: Candidate) -> None:
        """Compare a copy with the stored submission. A copy in EDGAR's other spelling differs but is not a conflict."""
        record = self._archive.record(facts.accession)
        try:
            if sha256_of(found.reader.portions()) != record.sha256 and facts.opening is self._opening(facts.accession):
                hint = "compare the two; the stored copy stays"
                raise ConflictError(f"it differs from the stored copy of {facts.accession}", hint)
        except (FetchError, DamageError) as error:
            self._failures.add(SyncFailure(facts.accession, found.name, type(error).__name__, str(error)))
        self._mark(facts.accession, Outcome.PRESENT)

    def _opening(self, accession: AccessionNumber) -> Opening | None:
        chunks = unpack(self._archive.layout.submission(accession))
        return opening_of(next(chunks, b""))

    def _note_outcome(self, facts: HeaderFacts, taken: IntakeResult) -> None:
        path = self._paths.pop(facts.accession)
        if taken.error is not None:
            self._fail(facts.accession, path, taken.error)
        self._mark(facts.accession, taken.outcome)
        self.bytes_stored += taken.size
        self._done += 1
        failed = self._plan.count(Outcome.FAILED)
        self._progress(ProgressUpdate("importing", done=self._done, failed=failed, bytes=self.bytes_stored))

    def _mark(self, accession: AccessionNumber, outcome: Outcome) -> None:
        """Record an outcome; a later copy never makes the outcome of a stored submission worse."""
        if self._plan.outcome(accession) not in {Outcome.PRESENT, Outcome.STORED}:
            self._plan.mark([accession], outcome)

    def _fail(self, accession: AccessionNumber, path: str, error: EdgarchiveError) -> None:
        self._failures.add(SyncFailure(accession, path, type(error).__name__, str(error)))
        self._mark(accession, Outcome.FAILED)

    def __enter__(self) -> Self:
        self._intake.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._intake.__exit__(*error)
