"""Updating the index: whatever is stored but not indexed is added, part by part.

The order makes it safe to stop at any time: texts are stored, the engine commits, then the catalogue records what is
indexed. A run that dies in between indexes its last part again. An engine replaces all entries of a submission, so
nothing is found twice.
"""

from __future__ import annotations

import collections
import contextlib
import itertools
import logging
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Self

from archiver.audit.findings import Finding
from archiver.catalogue.records import CatalogueRecord
from archiver.errors import IndexMissingError, UsageError
from archiver.events import event
from archiver.identifiers import AccessionNumber
from archiver.runtime.paths import exists
from archiver.settings.settings import Settings
from archiver.startup.dataclass import dataclass
from archiver.store.archive import Archive
from archiver.store.durable import fsync_directory, make_directories, storage_errors
from indexer.archive.share import Share
from indexer.engine import Engine, RemoteEngine
from indexer.index_folder import (
    clear_made_by_share,
    create_index,
    engine_of,
    is_index,
    is_made_by_share,
    is_outdated,
    marks_hold,
    note_made_by_share,
    notes_folder,
    open_index,
    places_of_rebuild,
    remove_index,
)
from indexer.texts.check import TEXT_FINDINGS, repair_texts
from indexer.texts.writer import TextWriter, note_incomplete
from indexer.update.check import check_index
from indexer.update.run import IndexOptions, IndexReport, Pairs, Run
from indexer.update.share_progress import ShareNotes, taken_notes

_log = logging.getLogger(__name__)

_AT_ONCE = 1_000
"""Submissions whose texts are looked up at once."""

_MARKS = 10_000
"""Entries whose submissions are marked in one transaction."""


@dataclass(frozen=True, slots=True)
class IndexRepair:
    """What `repair_index` found and repaired, and the result of indexing afterwards."""

    found: tuple[Finding, ...]
    report: IndexReport


def index_archive(
    archive: Archive,
    options: IndexOptions | None = None,
    *,
    rebuild: bool = False,
    share: Share | None = None,
) -> IndexReport:
    """Index what the catalogue does not list as indexed; with `rebuild`, build a new index of everything.

    With `share`, index only that, beside other machines that index theirs; the next run without a share updates the
    catalogue and adds texts. `archive` is then open as `shared`.

    Otherwise `archive` is open for writing. `options.settings` has the address of an engine's server. `options.jobs`
    processes read and index; for little work this process does it. Of a document with more than
    `options.max_text_chars` characters, only the beginning is indexed. With `options.keep_texts`, the text store gets
    the texts of everything indexed, now or before. A submission that cannot be read is a failure in the report. If the
    index cannot be read, a new one is created; one of an earlier version is rebuilt. An existing index keeps its
    engine; `options.engine` is for a new one, or with `rebuild`.

    Raises `UsageError` (unknown engine), `LockedError`, `StorageError`, `WorkerDiedError` if processes die repeatedly,
    and `RunCancelledError` when `options.cancel` is cancelled.
    """
    options = options or IndexOptions()
    if share is not None:
        if rebuild:
            raise UsageError(
                "an index cannot be rebuilt in shares",
                f"remove the folder {archive.index_path}, and index it in shares",
            )
        return _index_share(archive, share, options)
    with contextlib.ExitStack() as stack:
        if options.keep_texts:
            texts = stack.enter_context(TextWriter(archive.root))
        else:
            texts = None
            note_incomplete(archive.root)
        if not rebuild and is_outdated(archive.index_path):
            options, rebuild = replace(options, engine=_engine_of_outdated(archive.index_path)), True
        report = _rebuild(archive, texts, options) if rebuild else _index(archive, texts, options)
        return report if texts is None else _add_texts(archive, texts, options, report)


def _engine_of_outdated(path: Path) -> str:
    """The engine of the outdated index in folder `path`, with a warning that rebuilding takes long."""
    engine = engine_of(path) or ""
    facts = event("index-outdated", path=str(path), engine=engine)
    _log.warning("the index was made by an earlier edgarchive: rebuilding it", extra=facts)
    return engine


def _index(archive: Archive, texts: TextWriter | None, options: IndexOptions) -> IndexReport:
    with contextlib.closing(_open_or_create(archive, options)) as index:
        if is_made_by_share(archive.index_path):
            archive.catalogue.clear_index_marks()
            clear_made_by_share(archive.index_path)
        for noted in taken_notes(notes_folder(archive.index_path)):
            archive.catalogue.mark_indexed(noted)
            if texts is not None:
                texts.set_complete(complete=False)  # shares store none
        run = Run(archive, index, texts, options, total=archive.catalogue.count_unindexed())
        for pairs in run.commits(archive.catalogue.unindexed()):
            archive.catalogue.mark_indexed(pairs)
        return run.report()


def _add_texts(archive: Archive, texts: TextWriter, options: IndexOptions, report: IndexReport) -> IndexReport:
    """Store the texts of what was indexed without them or with an older extractor; returns `report` with these."""
    report = _add_missing_texts(archive, texts, options, report)
    return _add_missing_texts(archive, texts, options, report) if texts.compact() else report


def _add_missing_texts(archive: Archive, texts: TextWriter, options: IndexOptions, report: IndexReport) -> IndexReport:
    if texts.is_complete:
        return report
    added = IndexReport(0, ())
    total = sum(1 for _ in _without_texts(archive, texts))
    if total:
        run = Run(archive, None, texts, options, total=total)
        collections.deque(run.commits(_without_texts(archive, texts)), maxlen=0)
        added = run.report()
    texts.set_complete(complete=not added.failed)  # the next run tries what failed again
    return IndexReport(report.indexed, (*report.failed, *added.failed), report.texts + added.texts)


def _without_texts(archive: Archive, texts: TextWriter) -> Iterator[CatalogueRecord]:
    """What is indexed without a current text, by filing date."""
    records = (
        record for record in archive.catalogue.records_by_filing_date() if record.indexed_sha256 == record.sha256
    )
    while some := list(itertools.islice(records, _AT_ONCE)):
        missing = texts.missing((record.accession, record.sha256) for record in some)
        yield from (record for record in some if record.accession in missing)


def _index_share(archive: Archive, share: Share, options: IndexOptions) -> IndexReport:
    with archive.turn():
        if not is_index(archive.index_path):
            _create_for_shares(archive.index_path, options)
    with contextlib.ExitStack() as stack:
        index = stack.enter_context(contextlib.closing(_opened(archive, options, share=share)))
        index.part_writer()  # takes the share's lock, which makes its records ours
        notes = stack.enter_context(contextlib.closing(ShareNotes(notes_folder(archive.index_path), share)))
        total = sum(1 for _ in _left(archive, share, notes)) if options.progress is not None else 0
        run = Run(archive, index, None, options, total=total)
        for pairs in run.commits(_left(archive, share, notes)):
            notes.note(pairs)
        return run.report()


def _left(archive: Archive, share: Share, notes: ShareNotes) -> Iterator[CatalogueRecord]:
    """What remains to be indexed of a share, by filing date."""
    catalogue = archive.catalogue
    records = catalogue.unindexed() if marks_hold(archive.index_path) else catalogue.records_by_filing_date()
    return notes.without(record for record in records if record in share)


def _create_for_shares(path: Path, options: IndexOptions) -> None:
    """Create an empty index with a note that a share did so, since shares do not write to the catalogue."""
    new, _ = places_of_rebuild(path)
    remove_index(new, settings=options.settings, keep=path)
    create_index(new, engine=options.engine, settings=options.settings).close()
    note_made_by_share(new)
    remove_index(path, settings=options.settings, keep=path)  # the remains of one
    with storage_errors(path):
        new.rename(path)
        fsync_directory(path.parent)


def repair_index(
    archive: Archive, options: IndexOptions | None = None, *, quick: bool = False, renew: bool = False
) -> IndexRepair:
    """Check index and texts as `check_index` does, repair what is found, and index the rest.

    A lost or damaged index is recreated with its engine, otherwise with `options.engine`. From an index that only
    differs from the archive, extra entries are deleted, and missing or stale ones are indexed again. Damaged texts are
    deleted and, with `options.keep_texts`, recreated. With `renew`, because the catalogue was recreated, the
    catalogue's marks are taken from the index. Otherwise as `index_archive`.
    """
    options = options or IndexOptions()
    found = tuple(check_index(archive, settings=options.settings, quick=quick))
    in_index = [finding for finding in found if finding.kind not in TEXT_FINDINGS | {"unreadable"}]
    rebuild = any(finding.accession is None for finding in in_index)
    outdated = is_outdated(archive.index_path)
    if not (rebuild or outdated) and (in_index or (renew and is_index(archive.index_path))):
        extra = [finding.accession for finding in in_index if finding.kind == "index-extra"]
        _renew_marks(archive, options.settings, extra)
    repair_texts(archive.root, [finding for finding in found if finding.kind in TEXT_FINDINGS])
    options = replace(options, engine=engine_of(archive.index_path) or options.engine)
    return IndexRepair(found, index_archive(archive, options, rebuild=rebuild))


def _renew_marks(archive: Archive, settings: Settings | None, extra: Iterable[AccessionNumber | None]) -> None:
    """Delete what is `extra` from the index, and set the catalogue's marks to what the index has."""
    with contextlib.closing(open_index(archive.index_path, settings=settings, writable=True)) as index:
        for accession in extra:
            if accession is not None:
                index.delete(accession)
        index.commit()
        archive.catalogue.clear_index_marks()
        entries = ((accession, sha256) for accession, sha256, _ in index.stored())
        while pairs := list(itertools.islice(entries, _MARKS)):
            archive.catalogue.mark_indexed(dict.fromkeys(pairs))


def _open_or_create(archive: Archive, options: IndexOptions) -> Engine:
    try:
        return _opened(archive, options)
    except IndexMissingError:
        remove_index(archive.index_path, settings=options.settings, keep=archive.index_path)
        archive.catalogue.clear_index_marks()
        return create_index(archive.index_path, engine=options.engine, settings=options.settings)


def _opened(archive: Archive, options: IndexOptions, *, share: Share | None = None) -> Engine:
    """The index, open for writing, of any engine. Raises as `open_index`."""
    return open_index(archive.index_path, settings=options.settings, writable=True, share=share)


def _rebuild(archive: Archive, texts: TextWriter | None, options: IndexOptions) -> IndexReport:
    path = archive.index_path
    new, old = places_of_rebuild(path)
    for folder in (new, old):
        remove_index(folder, settings=options.settings, keep=path)
    with _SpooledPairs(archive.layout.incoming) as indexed:
        with contextlib.closing(create_index(new, engine=options.engine, settings=options.settings)) as index:
            run = Run(archive, index, texts, options, total=archive.catalogue.count())
            for pairs in run.commits(archive.catalogue.records_by_filing_date()):
                indexed.add(pairs)
            if isinstance(index, RemoteEngine):
                index.replace(path)
        with storage_errors(path):
            if exists(path):
                path.rename(old)
            new.rename(path)
            fsync_directory(path.parent)
        # marks of the old index apply to the new one until replaced: it has everything that the old one had
        archive.catalogue.clear_index_marks()
        for pairs in indexed.portions():
            archive.catalogue.mark_indexed(pairs)
    remove_index(old, settings=options.settings, keep=path)
    return run.report()


class _SpooledPairs:
    """Accession numbers with sha256 in a temporary file of `folder`; an archive has millions."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with storage_errors(folder):
            make_directories(folder)
            self._file = tempfile.TemporaryFile(  # noqa: SIM115 — closed on exit
                "w+", dir=folder, encoding="ascii", prefix="rebuild.", suffix=".part"
            )

    def add(self, pairs: Pairs) -> None:
        """Add `pairs`. Raises `StorageError`."""
        with storage_errors(self._folder):
            self._file.writelines(f"{accession} {sha256}\n" for accession, sha256 in pairs)

    def portions(self) -> Iterator[Pairs]:
        """All pairs, in portions of some thousand. Raises `StorageError`."""
        with storage_errors(self._folder):
            self._file.seek(0)
            while lines := tuple(itertools.islice(self._file, _MARKS)):
                yield tuple((AccessionNumber(line[:20]), line[21:].rstrip("\n")) for line in lines)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
