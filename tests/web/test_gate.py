"""How much runs at once, and how long a client waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from archiver.settings.settings import Settings
from edgarchive import import_submissions
from edgarchive.web.limits.gate import BusyError, Gate
from tests.unit.submissions import ACCESSION, crowded_submission
from tests.web.served import Served

FOLDER = f"/Archives/edgar/data/320/{ACCESSION.replace('-', '')}"


async def _result() -> int:
    return 7


def test_work_that_takes_too_long_is_given_up_and_keeps_its_place() -> None:
    """The client has 503 with Retry-After; the next one runs only once the slow one has ended."""

    async def play() -> None:
        gate = Gate(concurrent=1, waiting=1, wait_s=0.05, work_s=0.05)
        end = asyncio.Event()
        with pytest.raises(BusyError, match="too long") as slow:
            await gate.do(end.wait)
        assert slow.value.retry_after_s
        with pytest.raises(BusyError, match="busy"):
            await gate.do(_result)
        end.set()
        await asyncio.sleep(0)
        assert await gate.do(_result) == 7

    asyncio.run(play())


def test_more_than_may_wait_are_turned_away() -> None:
    """At once, instead of piling up."""

    async def play() -> None:
        gate = Gate(concurrent=1, waiting=1, wait_s=5, work_s=5)
        end = asyncio.Event()
        running = asyncio.ensure_future(gate.do(end.wait))
        await asyncio.sleep(0.01)
        waiting = asyncio.ensure_future(gate.do(_result))
        await asyncio.sleep(0.01)
        with pytest.raises(BusyError):
            await gate.do(_result)
        end.set()
        assert (await running, await waiting) == (True, 7)

    asyncio.run(play())


def test_an_error_of_the_work_is_the_answers_and_frees_the_place() -> None:
    """Nothing is left behind."""

    async def fails() -> int:
        raise LookupError("no")

    async def play() -> None:
        gate = Gate(concurrent=1)
        for _ in range(3):
            with pytest.raises(LookupError):
                await gate.do(fails)
        assert await gate.do(_result) == 7

    asyncio.run(play())


@pytest.mark.parametrize("turns", range(1, 6))
def test_a_client_may_leave_at_any_moment_of_its_turn(turns: int) -> None:
    """A cancellation that is lost lets all of the request's work go on."""

    async def leave() -> bool:
        gate = Gate()
        task = asyncio.create_task(gate.do(lambda: asyncio.sleep(0.05)))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        return task.cancelled()

    assert asyncio.run(leave())


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A served filing with thousands of documents."""
    folder = tmp_path_factory.mktemp("crowded")
    (folder / "a.txt").write_bytes(crowded_submission(5_000))
    import_submissions([folder / "a.txt"], settings=Settings(root=folder / "edgar"), index=False)
    with Served(folder / "edgar") as served:
        yield served


@pytest.mark.parametrize(
    "path",
    [
        f"/filing/{ACCESSION}",
        f"{FOLDER}/{ACCESSION}-index.htm",
        f"{FOLDER}/{ACCESSION}-index-headers.html",
        f"{FOLDER}/",
        f"/Archives/edgar/data/320/{ACCESSION}-index.html",
    ],
)
def test_the_page_of_a_large_filing_is_made_beside_other_requests(crowded: Served, path: str) -> None:
    """With all documents it takes seconds, in which the event loop answers others."""
    crowded.ask(path)  # what it shows is known then
    loop = crowded._loop
    turns = []

    def ask() -> float:
        begun = time.monotonic()
        assert crowded.ask(path).status == 200
        return time.monotonic() - begun

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask)
        while not asked.done():
            begun = time.monotonic()
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result(60)
            turns.append(time.monotonic() - begun)
    assert max(turns) < 0.7 * asked.result()
