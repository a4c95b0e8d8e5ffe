"""Indexing an archive: on request, or after a command that stored something."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from archiver.reports import SyncFailure, SyncReport
from archiver.runtime.progress import CancelToken, Progress
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from indexer.archive.share import Share
from indexer.index_folder import engine_of
from indexer.update import update
from indexer.update.run import IndexOptions, IndexReport

Report = TypeVar("Report", bound=SyncReport)


def index_archive(
    settings: Settings | None = None,
    *,
    rebuild: bool = False,
    years: str | None = None,
    shard: str | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> IndexReport:
    """Index what is stored but not indexed; with `rebuild`, build a new index and replace the old one.

    An index of an earlier version is always rebuilt. An index keeps its engine unless it is rebuilt and `settings` set
    another one explicitly. `years` (``2015`` or ``2015-2020``) and `shard` (``2/4``) are the share of this machine, for
    an index on a server. `progress` is called after every submission; `cancel` stops the run at the next one. Raises
    `NotInArchiveError`, `UsageError`, `LockedError` (another process writes), `StorageError`, `RunCancelledError`, and
    `WorkerDiedError` if processes die repeatedly.
    """
    settings = settings or Settings()
    share = Share.parse(years=years, shard=shard)
    with Archive.open(settings.root, writable=share is None, shared=share is not None) as archive:
        options = index_options(settings, progress=progress, cancel=cancel)
        if "engine" not in settings.given:
            options = replace(options, engine=engine_of(archive.index_path) or settings.engine)
        return update.index_archive(archive, options, rebuild=rebuild, share=share)


def index_options(
    settings: Settings, *, progress: Progress | None = None, cancel: CancelToken | None = None
) -> IndexOptions:
    """The indexing options in `settings`."""
    return IndexOptions(
        engine=settings.engine,
        settings=settings,
        jobs=settings.jobs,
        max_text_chars=settings.max_text_chars,
        keep_texts=settings.keep_texts,
        progress=progress,
        cancel=cancel,
    )


def index_after(
    archive: Archive,
    report: Report,
    settings: Settings,
    *,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Report:
    """`report` with the result of indexing the archive: the number of submissions, and failures.

    Raises as `index_archive`, except `NotInArchiveError`.
    """
    indexed = update.index_archive(archive, index_options(settings, progress=progress, cancel=cancel))
    failures = tuple(
        SyncFailure(failure.accession, archive.record(failure.accession).url or "", failure.error, failure.message)
        for failure in indexed.failed
    )
    return replace(report, indexed=indexed.indexed, failures=(*report.failures, *failures))
