"""The mirror of the face: what comes to disk is indexed at once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

from archiver.reports import SyncReport
from archiver.selection import Selection, as_selections
from archiver.settings import Settings
from archiver.store.archive import Archive
from archiver.sync import mirror
from archiver.sync.mirror import Progress, Source
from edgarchive.indexing import index_after


class Mirror(mirror.Mirror):
    """Brings submissions from EDGAR to disk and into the full-text index. Use it as an async context manager.

    >>> async with Mirror(Settings(user_agent="Example Research research@example.com")) as edgar:  # doctest: +SKIP
    ...     report = await edgar.sync(Selection(forms=["8-K"], since="2024-01-01"))
    """

    async def sync(
        self,
        selection: Selection | Sequence[Selection],
        *,
        source: Source = "index",
        refresh: bool = False,
        progress: Progress | None = None,
        index: bool = True,
    ) -> SyncReport:
        """Mirror what `selection` takes and is not there yet, then index it; `index=False` leaves that for later.

        Of several selections it takes what any of them takes.

        A submission that could not be had, or not be read, is a failure in the report. Raises as the mirror of the
        archiver does.
        """
        as_selections(selection)
        began_s = time.monotonic()
        with Archive.open(self.settings.root, writable=True, create=True) as archive:
            report = await self.sync_into(archive, selection, source=source, refresh=refresh, progress=progress)
            if index:
                report = await self._index(archive, report)
            return replace(report, elapsed_s=time.monotonic() - began_s)

    async def _index(self, archive: Archive, report: SyncReport) -> SyncReport:
        """Index what is new, in a thread; a cancelled task waits until that has ended, one submission later at most."""
        cancelled = threading.Event()

        def stop_if_cancelled(_done: int, _total: int) -> None:
            if cancelled.is_set():
                raise asyncio.CancelledError

        thread = asyncio.ensure_future(
            asyncio.to_thread(index_after, archive, report, self.settings, progress=stop_if_cancelled)
        )
        try:
            return await asyncio.shield(thread)
        except asyncio.CancelledError:
            cancelled.set()
            await asyncio.gather(thread, return_exceptions=True)
            raise


def sync_archive(
    selection: Selection | Sequence[Selection],
    *,
    settings: Settings | None = None,
    source: Source = "index",
    refresh: bool = False,
    index: bool = True,
    progress: Progress | None = None,
) -> SyncReport:
    """`Mirror.sync` for code without an event loop: blocks until it is done."""

    async def run() -> SyncReport:
        async with Mirror(settings) as edgar:
            return await edgar.sync(selection, source=source, refresh=refresh, index=index, progress=progress)

    return asyncio.run(run())
