"""Retries of local operations that may succeed later: a lock, a file being replaced, a busy server.

Requests to EDGAR have their own rules (`archiver.edgar.retry`).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_GROWTH = 2.0


def with_retries(
    attempt: Callable[[], T],
    *,
    retry_if: type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], bool],
    patience_s: float,
    wait_s: float = 0.05,
    longest_wait_s: float | None = None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> T:
    """The result of `attempt`, repeated for up to `patience_s` seconds while it raises what `retry_if` accepts.

    Attempts are `wait_s` seconds apart. With `longest_wait_s`, the wait doubles each time up to that limit and is
    shortened by a random half, so that many waiting processes do not return together. The last error is raised
    unchanged.
    """
    give_up_s = clock() + patience_s
    while True:
        pause_s = wait_s if longest_wait_s is None else wait_s * random.uniform(0.5, 1.0)  # noqa: S311 — not a secret
        try:
            return attempt()
        except Exception as error:
            passes = isinstance(error, retry_if) if isinstance(retry_if, type | tuple) else retry_if(error)
            if not passes or clock() + pause_s > give_up_s:
                raise
        sleep(pause_s)
        if longest_wait_s is not None:
            wait_s = min(wait_s * _GROWTH, longest_wait_s)
