"""Indexing what has just come to disk, and saying so in the report of what brought it."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from archiver.progress import CancelToken, Progress
from archiver.reports import SyncFailure, SyncReport
from archiver.settings import Settings
from archiver.store.archive import Archive
from indexer.update.update import index_archive

Report = TypeVar("Report", bound=SyncReport)


def index_after(
    archive: Archive,
    report: Report,
    settings: Settings,
    *,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Report:
    """`report` with what indexing the archive has given: how many submissions, and those that could not be read.

    Raises as `index_archive` does.
    """
    indexed = index_archive(
        archive,
        engine=settings.engine,
        settings=settings,
        jobs=settings.jobs,
        max_text_chars=settings.max_text_chars,
        progress=progress,
        cancel=cancel,
    )
    failures = tuple(
        SyncFailure(failure.accession, archive.record(failure.accession).url or "", failure.error, failure.message)
        for failure in indexed.failed
    )
    return replace(report, indexed=indexed.indexed, failures=(*report.failures, *failures))
