"""Blocking calls, with and without a running event loop."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from archiver.errors import UsageError
from archiver.runtime.blocking import run_blocking
from archiver.settings.settings import Settings
from edgarchive import sync_archive


async def work() -> str:
    """Something that takes a turn of the loop."""
    await asyncio.sleep(0)
    return threading.current_thread().name


def test_without_a_loop_it_runs_here() -> None:
    """In this thread."""
    assert run_blocking(work) == threading.current_thread().name


async def test_with_a_loop_it_runs_beside_it() -> None:
    """In another thread, and what it raises is raised here."""
    assert run_blocking(work) != threading.current_thread().name

    async def fail() -> None:
        raise UsageError("no")

    with pytest.raises(UsageError, match="no"):
        run_blocking(fail)


async def test_a_sync_can_be_called_in_a_notebook(tmp_path: Path) -> None:
    """Its own errors come, none about event loops."""
    settings = Settings(root=tmp_path / "edgar", user_agent="Example Research research@example.com")
    with pytest.raises(UsageError, match=r"nothing is selected|selects everything"):
        sync_archive([], settings=settings)


async def test_an_interrupt_cancels_the_work_and_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is under way has ended, in its own way, when the interrupt goes on."""
    ended = threading.Event()
    begun = threading.Event()

    async def long() -> None:
        try:
            begun.set()
            await asyncio.sleep(3600)
        finally:
            ended.set()

    join = threading.Thread.join
    interrupts = [KeyboardInterrupt()]

    def interrupted(thread: threading.Thread, timeout: float | None = None) -> None:
        if thread.name == "edgarchive-blocking" and interrupts:
            begun.wait(60)
            raise interrupts.pop()
        join(thread, timeout)

    monkeypatch.setattr(threading.Thread, "join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_blocking(long)
    assert ended.is_set()
