from __future__ import annotations

import asyncio
import contextlib
import logging
import time

import pytest

from archiver.edgar.pacer import Pacer
from archiver.edgar.retry import ATTEMPTS, BLOCKS, MOST_TOO_SLOW, Fetcher
from archiver.errors import (
    AbsentError,
    BlockedError,
    DamagedBodyError,
    EdgarchiveError,
    TooLargeError,
    TroubleError,
    UnreachableError,
)

BLOCK_PAUSE_S = 0.05
URL = "http://127.0.0.1/Archives/edgar/data/1/0001193125-04-218426.txt"


class Work:
    """Fails with each of `errors` in turn, then gives a result; every attempt is paced, as the client's are."""

    def __init__(self, pacer: Pacer, *errors: EdgarchiveError) -> None:
        self._pacer = pacer
        self._errors = list(errors)
        self.attempts = 0

    async def __call__(self) -> str:
        """One attempt."""
        await self._pacer.start()
        self.attempts += 1
        if self._errors:
            raise self._errors.pop(0)
        return "done"


async def run(pacer: Pacer, work: Work) -> tuple[str, list[float]]:
    """The result, and the waits between attempts, which are asked for and not waited."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0)

    result = await Fetcher(pacer, block_pause_s=BLOCK_PAUSE_S, sleep=sleep).run(work, url=URL)
    return result, waits


async def test_passing_faults_are_tried_again_with_growing_waits(pacer: Pacer) -> None:
    """A cut connection, a damaged body and an unreachable host may each be better the next time."""
    work = Work(pacer, TroubleError("1"), DamagedBodyError("2"), UnreachableError("3"), TroubleError("4"))
    result, waits = await run(pacer, work)
    assert (result, work.attempts) == ("done", ATTEMPTS)
    assert all(0 <= wait <= 0.5 * 2**place for place, wait in enumerate(waits))


async def test_what_stays_wrong_is_raised_as_it_was(pacer: Pacer) -> None:
    """After the last attempt the error is the last one, not a wrapper."""
    errors = [TroubleError(str(number)) for number in range(ATTEMPTS + 1)]
    work = Work(pacer, *errors)
    with pytest.raises(TroubleError) as caught:
        await run(pacer, work)
    assert caught.value is errors[ATTEMPTS - 1]
    assert work.attempts == ATTEMPTS


@pytest.mark.parametrize("between", [None, [], [AbsentError("no")], [DamagedBodyError("cut")]])
async def test_a_server_that_is_silent_for_every_file_ends_the_run(
    pacer: Pacer, between: list[EdgarchiveError] | None
) -> None:
    """A single slow file is a failure of its own; any answer in between says that EDGAR is there."""
    fetcher = Fetcher(pacer, block_pause_s=BLOCK_PAUSE_S, sleep=_no_sleep)
    files = MOST_TOO_SLOW // ATTEMPTS
    errors = [TroubleError("late", too_slow=True)] * MOST_TOO_SLOW
    for number in range(files):
        if number == files - 1 and between is not None:
            with contextlib.suppress(AbsentError):
                await fetcher.run(Work(pacer, *between), url=URL)
        silent = number == files - 1 and between is None
        with pytest.raises(UnreachableError if silent else TroubleError):
            await fetcher.run(Work(pacer, *errors), url=URL)


@pytest.mark.parametrize("error", [AbsentError("no"), TooLargeError("no")])
async def test_what_no_attempt_will_mend_is_not_tried_again(pacer: Pacer, error: EdgarchiveError) -> None:
    """An absent file stays absent; asking again costs EDGAR's patience."""
    work = Work(pacer, error)
    with pytest.raises(type(error)):
        await run(pacer, work)
    assert work.attempts == 1


async def test_a_block_pauses_and_does_not_count_as_an_attempt(pacer: Pacer) -> None:
    """Nothing is asked during the pause, and the attempts that are left stay."""
    blocks = [BlockedError("blocked")] * (BLOCKS - 1)
    work = Work(pacer, *blocks, *[TroubleError("trouble")] * (ATTEMPTS - 1))
    began_s = time.monotonic()
    result, _ = await run(pacer, work)
    assert (result, work.attempts) == ("done", BLOCKS - 1 + ATTEMPTS)
    assert time.monotonic() - began_s >= (BLOCKS - 1) * BLOCK_PAUSE_S


async def test_a_block_that_stays_ends_the_run_and_leaves_a_pause(pacer: Pacer) -> None:
    """After three blocks in a row the run gives up, and the pause holds for whoever comes next."""
    work = Work(pacer, *[BlockedError("blocked")] * BLOCKS)
    with pytest.raises(BlockedError):
        await run(pacer, work)
    assert work.attempts == BLOCKS
    began_s = time.monotonic()
    await pacer.start()
    assert time.monotonic() - began_s > BLOCK_PAUSE_S / 2


async def test_edgars_own_wish_is_obeyed(pacer: Pacer) -> None:
    """`Retry-After` sets the wait after trouble, ten minutes at most, and lengthens the pause after a block."""
    _, waits = await run(pacer, Work(pacer, TroubleError("1", retry_after_s=7), TroubleError("2", retry_after_s=1e9)))
    assert waits == [7, 600]
    began_s = time.monotonic()
    await run(pacer, Work(pacer, BlockedError("1", retry_after_s=0.3)))
    assert time.monotonic() - began_s >= 0.3


@pytest.mark.parametrize(("url", "accession"), [(URL, "0001193125-04-218426"), ("http://127.0.0.1/index.json", None)])
async def test_an_attempt_that_is_repeated_is_logged_by_what_it_was_for(
    pacer: Pacer, caplog: pytest.LogCaptureFixture, url: str, accession: str | None
) -> None:
    """With the address, and the accession number where it is one of a submission."""
    with caplog.at_level(logging.INFO):
        await Fetcher(pacer, block_pause_s=0, sleep=_no_sleep).run(Work(pacer, TroubleError("cut")), url=url)
    (record,) = [record for record in caplog.records if getattr(record, "event", "") == "retried"]
    facts = record.__dict__["fields"]
    assert facts == {"accession": accession, "url": url, "attempt": 1, "error": "TroubleError"}


async def _no_sleep(_: float) -> None:
    """Come back at once."""
