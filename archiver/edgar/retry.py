"""Which failed requests to EDGAR are retried, and when."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import tenacity

from archiver.edgar.pacer import Pacer
from archiver.errors import BlockedError, EdgarchiveError, TroubleError, UnreachableError
from archiver.events import event
from archiver.startup.patterns import lazy_pattern

_log = logging.getLogger(__name__)

ATTEMPTS = 5
"""Attempts per file; the waits between them grow randomly from below 1 s to below 8 s."""
BLOCKS = 3
"""Consecutive block pages, each after a full pause, before the run gives up."""

MOST_TOO_SLOW = 20
"""Attempts in a row, for whatever files, without a response in time, after which the run gives up: to wait minutes for
each of thousands of files would take weeks.
"""

_ACCESSION = lazy_pattern(r"/([0-9]{10}-[0-9]{2}-[0-9]{6})\.txt$")
_backoff = tenacity.wait_random_exponential(multiplier=0.5, max=60)
_MAX_RETRY_AFTER_S = 600.0

Result = TypeVar("Result")


class Fetcher:
    """Repeats a request until it succeeds or a retry cannot help."""

    def __init__(
        self,
        pacer: Pacer,
        *,
        block_pause_s: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._pacer = pacer
        self._block_pause_s = block_pause_s
        self._sleep = sleep
        self._too_slow = 0

    async def run(
        self,
        work: Callable[[], Awaitable[Result]],
        *,
        url: str,
        attempts: int = ATTEMPTS,
    ) -> Result:
        """The result of `work`, which requests `url` and is called again for each attempt.

        Temporary failures (`TroubleError`, `UnreachableError`) are tried `attempts` times. A block pauses every process
        of this machine and does not count as an attempt, up to `BLOCKS` of them. The last error is raised unchanged,
        but after `MOST_TOO_SLOW` attempts without a response in time it is `UnreachableError`.
        """
        blocks = 0

        def note(state: tenacity.RetryCallState) -> None:
            nonlocal blocks
            error = _error(state)
            if isinstance(error, BlockedError):
                blocks += 1
                pause_s = max(self._block_pause_s, error.retry_after_s or 0.0)
                self._pacer.pause(pause_s)
                facts = event("blocked", pause_s=pause_s)
                _log.warning("%s; pausing requests for %g s", error.message, pause_s, extra=facts)

        def stop(state: tenacity.RetryCallState) -> bool:
            if isinstance(_error(state), BlockedError):
                return blocks >= BLOCKS
            return state.attempt_number - blocks >= attempts

        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type((TroubleError, UnreachableError, BlockedError)),
            after=note,
            stop=stop,
            wait=_wait_s,
            sleep=self._sleep,
            before_sleep=lambda state: _log_retry(state, url),
            reraise=True,
        )

        async def attempt() -> Result:  # tenacity awaits only what it recognises as a coroutine function
            try:
                result = await work()
            except EdgarchiveError as error:
                self._too_slow = self._too_slow + 1 if isinstance(error, TroubleError) and error.too_slow else 0
                if self._too_slow < MOST_TOO_SLOW:
                    raise
                message = f"EDGAR has answered none of the last {self._too_slow} requests in time"
                raise UnreachableError(message, "check the network, and try again later") from error
            self._too_slow = 0
            return result

        return await retrying(attempt)


def _error(state: tenacity.RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _wait_s(state: tenacity.RetryCallState) -> float:
    """The pacer delays requests after a block; `Retry-After` is respected; otherwise exponential and random."""
    error = _error(state)
    if isinstance(error, BlockedError):
        return 0.0
    if isinstance(error, TroubleError) and error.retry_after_s is not None:
        return min(error.retry_after_s, _MAX_RETRY_AFTER_S)
    return _backoff(state)


def _log_retry(state: tenacity.RetryCallState, url: str) -> None:
    error, attempt = _error(state), state.attempt_number
    named = _ACCESSION.search(url)
    accession = named[1] if named else None
    facts = event("retried", accession=accession, url=url, attempt=attempt, error=type(error).__name__)
    _log.info("attempt %d at %s failed, trying again: %s", attempt, accession or url, error, extra=facts)
