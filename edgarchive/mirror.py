"""Mirroring from EDGAR to disk and indexing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Self

from archiver.errors import EdgarchiveError
from archiver.reports import DryRun, SyncReport
from archiver.runtime.blocking import in_thread, run_blocking
from archiver.runtime.progress import CancelToken, Progress
from archiver.selection.selection import Selection, as_selections
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from archiver.sync.downloader import Downloader, Source
from edgarchive.indexing import index_after


class Mirror:
    """Brings submissions from EDGAR to disk and into the full-text index. Use it as an async context manager.

    Opening it makes no request. `clock` gives the moment in UTC; without it the system's does. Raises
    `SettingsError` where the settings name no identity.

    >>> async with Mirror(Settings(user_agent="Example Research research@example.com")) as mirror:  # doctest: +SKIP
    ...     report = await mirror.sync(Selection("8-K", since="2024-01-01"))
    """

    def __init__(self, settings: Settings | None = None, *, clock: Callable[[], datetime] | None = None) -> None:
        self.settings = settings or Settings()
        self._downloader = Downloader(self.settings, clock=clock)
        self.last_report: SyncReport | None = None
        """The report of the last `sync` once everything was stored, even if indexing failed afterwards."""

    async def __aenter__(self) -> Self:
        await self._downloader.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._downloader.__aexit__(*error)

    async def dry_run(self, selection: Selection | Sequence[Selection]) -> DryRun:
        """Plan `selection` and write nothing. Raises as `sync` does."""
        return await self._downloader.dry_run(selection)

    async def sync(
        self,
        selection: Selection | Sequence[Selection],
        *,
        source: Source = "index",
        refresh: bool = False,
        progress: Progress | None = None,
        index: bool = True,
        cancel: CancelToken | None = None,
    ) -> SyncReport:
        """Mirror what `selection` selects and is missing, then index it; `index=False` skips indexing.

        Several selections are combined. `source` is ``index``, with one request per submission, or ``feed``, with one
        per day. `refresh` also fetches stored submissions that came from the Feed or an import.

        A submission that cannot be fetched or read is a failure in the report, and the run continues. `progress` is
        called after every submission; `cancel` stops the run at the next one. Raises `UsageError` (nothing selected),
        `BlockedError` or `UnreachableError` (EDGAR refuses or is unreachable), `LockedError`, `StorageError`,
        `RunCancelledError`; what was stored stays, and the next sync continues from there.
        """
        as_selections(selection)
        began_s, cancel = time.monotonic(), cancel or CancelToken()
        self.last_report = None
        with Archive.open(self.settings.root, writable=True, create=True) as archive:
            work = self._downloader.download(
                archive, selection, source=source, refresh=refresh, progress=progress, cancel=cancel
            )
            report, indexed = await self._with_indexing(archive, work, cancel) if index else (await work, 0)
            self.last_report = replace(report, indexed=indexed, elapsed_s=time.monotonic() - began_s)
            if index:
                report = await self._index(archive, report, progress, cancel)
            self.last_report = replace(report, indexed=indexed + report.indexed, elapsed_s=time.monotonic() - began_s)
            return self.last_report

    async def _with_indexing(
        self, archive: Archive, work: Coroutine[Any, Any, SyncReport], cancel: CancelToken
    ) -> tuple[SyncReport, int]:
        """The report of `work`, and how many of its submissions were indexed meanwhile.

        Errors of the index occur again at the end, and are raised then.
        """
        indexed, every_s = 0, self.settings.index_every_s or None
        task = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait({task}, timeout=every_s))[0]:
                try:
                    indexed += (await self._index(archive, SyncReport(), None, cancel)).indexed
                except EdgarchiveError:
                    every_s = None
            return task.result(), indexed
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def _index(
        self, archive: Archive, report: SyncReport, progress: Progress | None, cancel: CancelToken
    ) -> SyncReport:
        """Index what is new, in a thread; a cancelled task waits for it, at most for one more submission."""
        work = partial(index_after, archive, report, self.settings, progress=progress, cancel=cancel)
        return await in_thread(work, cancel=cancel)


def sync_archive(
    selection: Selection | Sequence[Selection],
    *,
    settings: Settings | None = None,
    source: Source = "index",
    refresh: bool = False,
    index: bool = True,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> SyncReport:
    """`Mirror.sync` for blocking code; also works inside a running event loop, as in a notebook."""

    async def run() -> SyncReport:
        async with Mirror(settings) as mirror:
            return await mirror.sync(
                selection, source=source, refresh=refresh, index=index, progress=progress, cancel=cancel
            )

    return run_blocking(run)
