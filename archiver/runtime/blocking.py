"""Running asyncio code from blocking code, even inside a running event loop such as a notebook's, and the reverse."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from archiver.runtime.progress import CancelToken

T = TypeVar("T")


async def in_thread(work: Callable[..., T], *arguments: object, cancel: CancelToken | None = None) -> T:
    """The result of `work` in a thread.

    A thread cannot be stopped, so a cancelled task cancels the token that `work` looks at, if there is one, and waits
    for the thread before cleaning up.
    """
    thread = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        return await asyncio.shield(thread)
    except asyncio.CancelledError:
        if cancel is not None:
            cancel.cancel()
        await asyncio.gather(thread, return_exceptions=True)
        raise


def run_blocking(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run `work` in a new event loop and return its result.

    If this thread already runs a loop, another thread is used; an interrupt then cancels the work and waits for it to
    stop. Raises what `work` raises.
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
        except BaseException as error:  # noqa: BLE001 — raised again where the work is awaited
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
