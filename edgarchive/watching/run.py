"""A continuous watch: polls during EDGAR's hours, with deliveries in between, until stopped."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

from archiver.errors import BlockedError, LockedError, UnreachableError
from archiver.events import event
from edgarchive.watching.delivering import Deliverer
from edgarchive.watching.schedule import next_poll
from edgarchive.watching.watcher import PollReport, Watcher

_log = logging.getLogger(__name__)

T = TypeVar("T")

DELIVER_EVERY_S = 1.0
LOCKED_RETRY_S = 5.0


async def watch(
    watcher: Watcher,
    deliverer: Deliverer,
    *,
    every_s: float = 60.0,
    once: bool = False,
    on_poll: Callable[[PollReport], None] = lambda _: None,
    stop: asyncio.Event | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> PollReport | None:
    """Poll and deliver until `stop` is set, or once with `once`. `on_poll` is called after each poll.

    `stop` ends a poll where it is: the next watch goes on from there.

    If EDGAR is unreachable or refuses, or another process writes to the archive, it waits; with `once`, the error is
    raised. Raises `StorageError`, `DamageError`.
    """
    if once:
        report = await watcher.poll()
        on_poll(report)
        await deliverer.deliver_all()
        return report
    stop = stop or asyncio.Event()
    due = clock()
    while not stop.is_set():
        due = min(due, next_poll(clock(), every_s=every_s))  # a clock that was set back does not delay a poll
        if clock() >= due:
            due = await _unless(stop, _polled(watcher, on_poll, every_s=every_s, clock=clock)) or due
        await deliverer.deliver()
        await _unless(stop, sleep(min(DELIVER_EVERY_S, max(0.0, (due - clock()).total_seconds()))))
    deliverer.note()
    return None


async def _polled(
    watcher: Watcher, on_poll: Callable[[PollReport], None], *, every_s: float, clock: Callable[[], datetime]
) -> datetime:
    """Poll, and return when to poll again; temporary failures are logged."""
    try:
        on_poll(await watcher.poll())
    except LockedError as error:
        _log.info("waiting: %s", error, extra=event("watch-waits", error=type(error).__name__))
        return datetime.fromtimestamp(clock().timestamp() + LOCKED_RETRY_S, UTC)
    except (BlockedError, UnreachableError) as error:
        _log.warning("this poll failed: %s", error, extra=event("poll-failed", error=type(error).__name__))
    return next_poll(clock(), every_s=every_s)


async def _unless(stop: asyncio.Event, work: Awaitable[T]) -> T | None:
    """The result of `work`; None if `stop` is set first, which cancels it."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (working, stopping):
            task.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)
    return None if working.cancelled() else working.result()
