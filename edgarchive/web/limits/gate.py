"""Limiting concurrent work: how much runs at once, how much waits, and for how long."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from archiver.events import event

_log = logging.getLogger(__name__)

T = TypeVar("T")

CONCURRENT, WAITING, WAIT_S = 8, 256, 30.0
"""Concurrent requests, requests that may wait for their turn, and the maximum wait in seconds."""

WORK_S = 40.0
"""How long a client waits for one operation, in seconds: a little longer than the limit of a search."""


class BusyError(Exception):
    """What was asked for cannot be done now; it may be asked for again after `retry_after_s` seconds.

    It is no `EdgarchiveError`, so that nothing takes it for a fault of a filing or a query: the whole request ends.
    """

    def __init__(self, message: str, hint: str, *, retry_after_s: int) -> None:
        super().__init__(f"{message}; {hint}")
        self.message = message
        self.hint = hint
        self.retry_after_s = retry_after_s


class Gate:
    """Limits concurrent work and how long each request waits for it; beyond a limit it raises `BusyError`.

    A thread cannot be stopped, so abandoned work keeps its slot until it ends: slow requests never pile up.
    """

    def __init__(
        self,
        *,
        concurrent: int = CONCURRENT,
        waiting: int = WAITING,
        wait_s: float = WAIT_S,
        work_s: float = WORK_S,
    ) -> None:
        self._running = asyncio.Semaphore(concurrent)
        self._places = waiting
        self._wait_s = wait_s
        self._work_s = work_s
        self._tasks: set[asyncio.Future[Any]] = set()

    async def do(self, work: Callable[[], Awaitable[T]]) -> T:
        """The result of `work`. Raises `BusyError` if too many wait or it takes too long."""
        await self._take_place()
        task = asyncio.ensure_future(work())
        self._tasks.add(task)  # the event loop itself keeps only a weak reference
        task.add_done_callback(self._ended)
        done, _ = await asyncio.wait({task}, timeout=self._work_s)
        if not done:
            raise BusyError(
                "the request took too long", "make the search narrower, or try again later", retry_after_s=60
            )
        return task.result()

    async def _take_place(self) -> None:
        if self._places <= 0:
            raise busy()
        self._places -= 1
        try:
            async with asyncio.timeout(self._wait_s):  # wait_for may lose a cancellation (Python 3.11)
                await self._running.acquire()
        except TimeoutError:
            raise busy() from None
        finally:
            self._places += 1

    def _ended(self, task: asyncio.Future[Any]) -> None:
        self._running.release()
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            # read here, too, where nobody waits any more
            facts = event("work-failed", error=type(task.exception()).__name__)
            _log.debug("a request's work failed: %s", task.exception(), extra=facts)


def busy() -> BusyError:
    """The error where too much is under way."""
    return BusyError("the server is busy", "try again shortly", retry_after_s=5)
