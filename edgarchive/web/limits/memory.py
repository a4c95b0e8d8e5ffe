"""Limiting the memory of large filings and responses.

A response stays in memory until its client has read it, and a client may read slowly. So requests share a number of
bytes: one that reads a large submission, or has a large response, holds its part until the response is sent.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextvars import ContextVar
from typing import TypeVar

from aiohttp import web
from aiohttp.typedefs import Middleware

from edgarchive.web.limits.gate import WAIT_S, WAITING, busy
from edgarchive.web.safety import Handler

T = TypeVar("T")

MOST_BYTES = 512 << 20
_LARGE_BYTES = 1 << 18
"""Smaller submissions and responses do not count: the number of connections limits them."""

_COPIES, _COPIES_SENT = 4, 2
"""How often a submission is in memory while it is read (its bytes, a text, a page), and a response while it is sent."""


class Memory:
    """The bytes that large requests share. A request waits for its part, `wait_s` seconds at most."""

    def __init__(self, *, most_bytes: int = MOST_BYTES, waiting: int = WAITING, wait_s: float = WAIT_S) -> None:
        self.most_bytes = self._left = most_bytes
        self._places = waiting
        self._wait_s = wait_s
        self._freed = asyncio.Event()

    async def take(self, size: int) -> None:
        """Take `size` bytes. Raises `BusyError` if others do not give them back in time."""
        if self._places <= 0:
            raise busy()
        self._places -= 1
        try:
            async with asyncio.timeout(self._wait_s):
                while not self.take_now(size):
                    await self._freed.wait()
        except TimeoutError:
            raise busy() from None
        finally:
            self._places += 1

    def take_now(self, size: int) -> bool:
        """Whether `size` bytes are left, which are then taken."""
        if size > self._left:
            return False
        self._left -= size
        return True

    def give(self, size: int) -> None:
        """Give `size` bytes back."""
        self._left += size
        self._freed.set()
        self._freed = asyncio.Event()


class Holding:
    """What one request holds, until its response is sent and all work for it has ended."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._users = 0
        self.size = 0

    @contextlib.contextmanager
    def used(self) -> Iterator[None]:
        """Keep what is held; after the last user, give it back."""
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._memory.give(self.size)
                self.size = 0

    async def hold(self, submission_bytes: int) -> None:
        """Hold enough to read a submission of this size. Raises as `Memory.take`."""
        await self.hold_bytes(_COPIES * submission_bytes)

    async def hold_bytes(self, count: int) -> None:
        """Hold `count` bytes in all, unless they are few. Raises as `Memory.take`.

        A request that holds something does not wait for more: others may wait for what it holds.
        """
        wanted = min(count, self._memory.most_bytes)
        if count < _COPIES * _LARGE_BYTES or wanted <= self.size:
            return
        if not self.size:
            await self._memory.take(wanted)
        elif not self._memory.take_now(wanted - self.size):
            raise busy()
        self.size = wanted

    @contextlib.asynccontextmanager
    async def reading(self, submission_bytes: int) -> AsyncIterator[None]:
        """Hold enough to read a submission of this size, and give it back at once. Raises as `hold`."""
        before = self.size
        await self.hold(submission_bytes)
        try:
            yield
        finally:
            self._reduce(before)

    def _reduce(self, size: int) -> None:
        """Give back what is held beyond `size`, unless abandoned work goes on."""
        if size < self.size and self._users == 1:
            self._memory.give(self.size - size)
            self.size = size

    def hold_response(self, response_bytes: int) -> None:
        """Hold enough for a response that is complete, and no more. Raises `BusyError`."""
        wanted = min(_COPIES_SENT * response_bytes, self._memory.most_bytes)
        if wanted > self.size:
            if not self._memory.take_now(wanted - self.size):
                raise busy()
            self.size = wanted
        self._reduce(wanted)


_HOLDING: ContextVar[Holding | None] = ContextVar("holding", default=None)
"""That of the current request."""


async def hold(submission_bytes: int) -> None:
    """Let the current request hold enough to read a submission of this size. Raises as `Memory.take`."""
    if (held := _HOLDING.get()) is not None:
        await held.hold(submission_bytes)


async def hold_bytes(count: int) -> None:
    """Let the current request hold `count` bytes in all. Raises as `Memory.take`."""
    if (held := _HOLDING.get()) is not None:
        await held.hold_bytes(count)


@contextlib.asynccontextmanager
async def reading(submission_bytes: int) -> AsyncIterator[None]:
    """The same for as long as it reads. Raises likewise."""
    held = _HOLDING.get()
    async with held.reading(submission_bytes) if held is not None else contextlib.nullcontext():
        yield


def holding(work: Callable[[], Awaitable[T]]) -> Callable[[], Awaitable[T]]:
    """`work`, until whose end the current request keeps what it holds: it may go on after the response."""
    held = _HOLDING.get()
    if held is None:
        return work

    async def run() -> T:
        with held.used():
            return await work()

    return run


@contextlib.contextmanager
def one_request(memory: Memory) -> Iterator[Holding]:
    """Let the current task be a request that shares `memory`; gives back what it holds (`Holding.used`)."""
    held = Holding(memory)
    token = _HOLDING.set(held)
    try:
        with held.used():
            yield held
    finally:
        _HOLDING.reset(token)


def limit_memory(*, most_bytes: int = MOST_BYTES) -> Middleware:
    """A middleware that answers within the memory for large filings and responses.

    A large response is sent here, while the request holds its part.
    """
    memory = Memory(most_bytes=most_bytes)

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        with one_request(memory) as held:
            response = await handler(request)
            size = _size(response)
            if size >= _LARGE_BYTES:
                held.hold_response(size)
                await response.prepare(request)
                await response.write_eof()
            return response

    return answer


def _size(response: web.StreamResponse) -> int:
    body = response.body if isinstance(response, web.Response) else None
    return len(body) if isinstance(body, bytes) else 0
