"""Running asyncio code from code that blocks, also where an event loop runs already: in a notebook, say."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run_blocking(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What `work` returns, run to its end in an event loop of its own.

    Where this thread runs a loop already, that is in another thread; an interrupt here cancels the work and waits for
    it to stop.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work())
    return _run_in_thread(work)


def _run_in_thread(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    results: list[T] = []
    errors: list[BaseException] = []
    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[T]]] = []
    started = threading.Event()

    async def main() -> T:
        task = asyncio.ensure_future(work())
        running.append((asyncio.get_running_loop(), task))
        started.set()
        return await task

    def run() -> None:
        try:
            results.append(asyncio.run(main()))
        except BaseException as error:  # noqa: BLE001 — it is raised where the work is waited for
            errors.append(error)
        finally:
            started.set()

    thread = threading.Thread(target=run, name="edgarchive-blocking")
    thread.start()
    try:
        thread.join()
    except BaseException:  # an interrupt
        started.wait()
        for loop, task in running:
            loop.call_soon_threadsafe(task.cancel)
        thread.join()
        raise
    if errors:
        raise errors[0]
    return results[0]
