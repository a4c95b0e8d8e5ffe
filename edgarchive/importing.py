"""Importing submissions from files and indexing them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from archiver.intake.importer import import_into
from archiver.reports import ImportReport
from archiver.runtime.progress import CancelToken, Progress
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive.indexing import index_after


def import_submissions(
    paths: Sequence[Path | str],
    *,
    settings: Settings | None = None,
    index: bool = True,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> ImportReport:
    """Add every submission in `paths`, files and folders, to the archive, then index it. Sends no request.

    Files may be packed: gzip, tar, gzip of tar, zip. The originals are only read. `progress` is called after every
    stored submission, and `cancel` stops the run; `index=False` skips indexing. Raises `UsageError` for a path that
    does not exist, `LockedError`, `StorageError`, `RunCancelledError`.
    """
    settings, began_s = settings or Settings(), time.monotonic()
    with Archive.open(settings.root, writable=True, create=True) as archive:
        report = import_into(
            archive,
            [Path(path) for path in paths],
            jobs=settings.jobs,
            max_bytes=settings.max_submission_bytes,
            progress=progress,
            cancel=cancel,
        )
        if index:
            report = index_after(archive, report, settings, progress=progress, cancel=cancel)
        return replace(report, elapsed_s=time.monotonic() - began_s)
