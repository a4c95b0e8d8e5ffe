"""Keeping the index up to date with the archive: what is stored and not indexed yet goes in, part by part.

The order makes it safe to stop anywhere: the engine commits, then the catalogue notes what is indexed. A run that dies
between the two indexes its last part again, and an engine replaces a submission's entries, so nothing is found twice.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from archiver.audit.verify import Finding
from archiver.catalogue.records import CatalogueRecord
from archiver.errors import IndexMissingError, UsageError
from archiver.events import event
from archiver.identifiers import AccessionNumber
from archiver.progress import CancelToken, Progress, ProgressUpdate, no_progress
from archiver.settings import Settings
from archiver.store.archive import Archive
from archiver.store.durable import fsync_directory, storage_errors
from indexer.engine import Engine
from indexer.index_folder import (
    clear_made_by_share,
    create_index,
    engine_of,
    is_index,
    is_made_by_share,
    marks_hold,
    note_made_by_share,
    notes_folder,
    open_index,
    remove_index,
)
from indexer.share import Share
from indexer.update.batches import Event, Gathered, IndexFailure, Setup, gather_here
from indexer.update.check import check_index
from indexer.update.share_progress import ShareNotes, taken_notes
from indexer.update.workers import gather_in_workers

_log = logging.getLogger(__name__)

WORKERS_FROM_BYTES = 16_000_000
"""Decoded bytes from which worker processes are used: they take longer to start than this takes to index."""

_MARKS = 10_000
"""Entries whose submissions are marked in one transaction."""


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What a run of `index_archive` did."""

    indexed: int
    failed: tuple[IndexFailure, ...]


@dataclass(frozen=True, slots=True)
class IndexRepair:
    """What `repair_index` found and put right, and what the indexing after it did."""

    found: tuple[Finding, ...]
    report: IndexReport


def index_archive(
    archive: Archive,
    *,
    engine: str = "whoosh",
    settings: Settings | None = None,
    rebuild: bool = False,
    jobs: int = 1,
    max_text_chars: int | None = None,
    share: Share | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> IndexReport:
    """Index what the catalogue says is not indexed yet; with `rebuild`, make a new index of all and put it in place.

    With `share`, index that alone, beside other machines that index theirs; the catalogue learns of it by the next run
    without. Then `archive` is open as `shared`.

    `archive` is open for writing. `settings` say where the server is of an engine that has one. `jobs` processes read
    and index; this one does it alone where the work is little. Of a document with more than `max_text_chars` characters
    of text the index has the beginning. `progress` is called after every submission. A submission
    that cannot be read is a failure in the report. Where no index can be read, a new one is made.
    Raises `UsageError` (unknown engine, or the index is of another one), `LockedError`, `StorageError`, and
    `WorkerDiedError` where processes die again and again, `RunCancelledError` once `cancel` is.
    """
    if share is not None:
        if rebuild:
            raise UsageError(
                "an index cannot be rebuilt in shares",
                f"remove the folder {archive.index_path}, and index it in shares",
            )
        return _index_share(
            archive,
            share,
            engine=engine,
            settings=settings,
            jobs=jobs,
            max_text_chars=max_text_chars,
            progress=progress,
            cancel=cancel,
        )
    if rebuild:
        return _rebuild(
            archive,
            engine=engine,
            settings=settings,
            jobs=jobs,
            max_text_chars=max_text_chars,
            progress=progress,
            cancel=cancel,
        )
    with contextlib.closing(_open_or_create(archive, engine, settings)) as index:
        if is_made_by_share(archive.index_path):
            archive.catalogue.clear_index_marks()
            clear_made_by_share(archive.index_path)
        for noted in taken_notes(notes_folder(archive.index_path)):
            archive.catalogue.mark_indexed(noted)
        run = _Run(
            archive,
            index,
            total=archive.catalogue.count_unindexed(),
            max_text_chars=max_text_chars,
            progress=progress,
            cancel=cancel,
        )
        for pairs in run.commits(archive.catalogue.unindexed(), jobs=jobs):
            archive.catalogue.mark_indexed(pairs)
        return run.report()


def _index_share(
    archive: Archive,
    share: Share,
    *,
    engine: str,
    settings: Settings | None,
    jobs: int,
    max_text_chars: int | None,
    progress: Progress | None,
    cancel: CancelToken | None,
) -> IndexReport:
    with archive.alone():
        if not is_index(archive.index_path):
            _create_for_shares(archive.index_path, engine, settings)
    with contextlib.ExitStack() as stack:
        index = stack.enter_context(contextlib.closing(_opened(archive, engine=engine, settings=settings, share=share)))
        index.part_writer()  # takes the lock of the share, and its notes are ours
        notes = stack.enter_context(contextlib.closing(ShareNotes(notes_folder(archive.index_path), share)))
        total = sum(1 for _ in _left(archive, share, notes)) if progress is not None else 0
        run = _Run(
            archive,
            index,
            total=total,
            max_text_chars=max_text_chars,
            progress=progress,
            cancel=cancel,
        )
        for pairs in run.commits(_left(archive, share, notes), jobs=jobs):
            notes.note(pairs)
        return run.report()


def _left(archive: Archive, share: Share, notes: ShareNotes) -> Iterator[CatalogueRecord]:
    """What is left to be indexed of a share, by filing date."""
    catalogue = archive.catalogue
    records = catalogue.unindexed() if marks_hold(archive.index_path) else catalogue.records_by_filing_date()
    return notes.without(record for record in records if record in share)


def _create_for_shares(path: Path, engine: str, settings: Settings | None) -> None:
    """Put an empty index into place, with the note that it is: who shares does not write to the catalogue."""
    new = path.with_name(f"{path.name}.new")
    remove_index(new, settings=settings, sparing=path)
    create_index(new, engine=engine, settings=settings).close()
    note_made_by_share(new)
    remove_index(path, settings=settings, sparing=path)  # what is left of one
    with storage_errors(path):
        new.rename(path)
        fsync_directory(path.parent)


def repair_index(
    archive: Archive,
    *,
    engine: str = "whoosh",
    settings: Settings | None = None,
    quick: bool = False,
    renew: bool = False,
    jobs: int = 1,
    max_text_chars: int | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> IndexRepair:
    """Check the index as `check_index` does, put right what is found, and index what is not indexed yet.

    A lost or damaged index is made anew, by the engine that wrote it, else by `engine`. In one that only differs from
    the archive, what is extra is deleted, and what is missing or stale is indexed again. With `renew` it is taken from
    the index what is indexed, though nothing is found: the catalogue has been made anew. Otherwise as `index_archive`.
    """
    found = tuple(check_index(archive, settings=settings, quick=quick))
    rebuild = any(finding.accession is None for finding in found)
    engine = engine_of(archive.index_path) or engine
    if not rebuild and (found or (renew and is_index(archive.index_path))):
        _renew_marks(archive, settings, [finding.accession for finding in found if finding.kind == "index-extra"])
    report = index_archive(
        archive,
        engine=engine,
        settings=settings,
        rebuild=rebuild,
        jobs=jobs,
        max_text_chars=max_text_chars,
        progress=progress,
        cancel=cancel,
    )
    return IndexRepair(found, report)


def _renew_marks(archive: Archive, settings: Settings | None, extra: Iterable[AccessionNumber | None]) -> None:
    """Delete what is `extra` from the index, and let the catalogue say of each submission what the index has of it."""
    with contextlib.closing(open_index(archive.index_path, settings=settings, writable=True)) as index:
        for accession in extra:
            if accession is not None:
                index.delete(accession)
        index.commit()
        archive.catalogue.clear_index_marks()
        entries = ((accession, sha256) for accession, sha256, _ in index.stored())
        while pairs := list(itertools.islice(entries, _MARKS)):
            archive.catalogue.mark_indexed(dict.fromkeys(pairs))


class _Run:
    """One run over many records: commits each part as it comes, and gathers the failures."""

    def __init__(
        self,
        archive: Archive,
        index: Engine,
        *,
        total: int,
        max_text_chars: int | None,
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> None:
        self._archive = archive
        self._index = index
        self._total = total
        self._max_text_chars = max_text_chars
        self._progress = progress or no_progress
        self._cancel = cancel or CancelToken()
        self._done = 0
        self._indexed = 0
        self._failures: list[IndexFailure] = []

    def commits(
        self, records: Iterator[CatalogueRecord], *, jobs: int
    ) -> Iterator[tuple[tuple[AccessionNumber, str], ...]]:
        """Index `records`; after each commit, give the accession numbers and sha256 that it made durable."""
        with contextlib.closing(self._events(records, jobs)) as events:
            for found in events:
                if isinstance(found, Gathered):
                    if self._archive.writable:
                        self._archive.catalogue.make_durable()  # else a power cut may leave entries without their rows
                    self._index.adopt(found.part)
                    self._index.commit()
                    self._indexed += len(found.pairs)
                    _log.info(
                        "%d submissions indexed", len(found.pairs), extra=event("indexed", count=len(found.pairs))
                    )
                    yield found.pairs
                    continue
                if isinstance(found, IndexFailure):
                    self._index.delete(found.accession)
                    self._failures.append(found)
                    facts = event("index-failed", accession=found.accession, error=found.error)
                    _log.info("%s cannot be indexed: %s", found.accession, found.message, extra=facts)
                self._done += 1
                failed = len(self._failures)
                self._progress(ProgressUpdate("indexing", done=self._done, total=self._total, failed=failed))
                self._cancel.check()
        self._index.commit()

    def report(self) -> IndexReport:
        """What was done so far."""
        return IndexReport(self._indexed, tuple(self._failures))

    def _events(self, records: Iterator[CatalogueRecord], jobs: int) -> Generator[Event]:
        setup = Setup(self._archive.layout, self._index.part_writer(), self._max_text_chars)
        first: list[CatalogueRecord] = []
        size = 0
        for record in records:
            first.append(record)
            size += record.size
            if size >= WORKERS_FROM_BYTES:
                break
        records = itertools.chain(first, records)
        if jobs > 1 and size >= WORKERS_FROM_BYTES:
            yield from gather_in_workers(jobs, records, setup)
        else:
            yield from gather_here(records, setup)


def _open_or_create(archive: Archive, engine: str, settings: Settings | None) -> Engine:
    try:
        return _opened(archive, engine=engine, settings=settings)
    except IndexMissingError:
        remove_index(archive.index_path, settings=settings, sparing=archive.index_path)
        archive.catalogue.clear_index_marks()
        return create_index(archive.index_path, engine=engine, settings=settings)


def _opened(archive: Archive, *, engine: str, settings: Settings | None, share: Share | None = None) -> Engine:
    """The index, open for writing. Raises `UsageError` where it is of another engine, else as `open_index`."""
    index = open_index(archive.index_path, settings=settings, writable=True, share=share)
    if index.name != engine:
        index.close()
        raise UsageError(
            f"the index is of engine {index.name}, not {engine}",
            f'set engine = "{index.name}" in the settings, or run `edgarchive index --rebuild --engine {engine}`',
        )
    return index


def _rebuild(
    archive: Archive,
    *,
    engine: str,
    settings: Settings | None,
    jobs: int,
    max_text_chars: int | None,
    progress: Progress | None,
    cancel: CancelToken | None,
) -> IndexReport:
    path = archive.index_path
    new, old = path.with_name(f"{path.name}.new"), path.with_name(f"{path.name}.old")
    remove_index(new, settings=settings, sparing=path)
    remove_index(old, settings=settings, sparing=path)
    index = create_index(new, engine=engine, settings=settings)
    run = _Run(
        archive, index, total=archive.catalogue.count(), max_text_chars=max_text_chars, progress=progress, cancel=cancel
    )
    try:
        records = archive.catalogue.records_by_filing_date()
        pairs = [pair for commit in run.commits(records, jobs=jobs) for pair in commit]
        index.succeed(path)
    finally:
        index.close()
    with storage_errors(path):
        if path.exists():
            path.rename(old)
        new.rename(path)
        fsync_directory(path.parent)
    # marks of the old index hold for the new one until they are replaced: it has all that the old one had
    archive.catalogue.clear_index_marks()
    archive.catalogue.mark_indexed(pairs)
    remove_index(old, settings=settings, sparing=path)
    return run.report()
