"""Several processes that answer on one address, since the Python code of one process uses one core.

All accept connections from sockets that the first process has bound. It writes their log, replaces one that ends, and
tells all to finish their requests and end.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import time
import traceback
from collections.abc import Callable, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, Self

from archiver.errors import EdgarchiveError, WorkerDiedError
from archiver.events import event
from archiver.runtime.parent_log import ParentLog, log_here
from archiver.runtime.worker_process import start_worker
from archiver.settings.settings import Settings
from archiver.startup.dataclass import dataclass
from edgarchive.web.app import IndexSource, create_app
from edgarchive.web.running.connections import Site
from edgarchive.web.running.server import SHUTDOWN_S, Address, listening_errors, new_runner, stop_signals

_log = logging.getLogger(__name__)

_READY = "ready"
_FLOORS = ("archiver", "indexer", "edgarchive")
_END_S = SHUTDOWN_S + 5
"""Seconds that a worker may take to end before it is killed."""

_LONG_S = 60.0
"""A worker that ran this long is replaced at once, others after a pause that doubles."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0


@dataclass(frozen=True, slots=True)
class Setup:
    """What the workers serve, as for `create_app`, and where."""

    settings: Settings
    address: Address
    allow_hosts: tuple[str, ...] = ()
    index: IndexSource = "held"


async def serve_in_workers(setup: Setup, *, workers: int, ready: Callable[[str], None]) -> None:
    """As `server.serve`, with `workers` processes.

    Raises likewise, and `WorkerDiedError` if one ends while it first starts.
    """
    setup.address.tls()  # an unusable certificate is an error before anything is started
    loop = asyncio.get_running_loop()
    with stop_signals() as stop:
        with listening_errors(setup.address):
            bound = await loop.create_server(
                asyncio.Protocol, setup.address.host, setup.address.port, start_serving=False
            )
        port = bound.sockets[0].getsockname()[1]
        descriptors = [one.fileno() for one in bound.sockets]
        started = [asyncio.Event() for _ in range(workers)]
        keepers = [asyncio.create_task(_keep_one(setup, descriptors, stop, one)) for one in started]
        announcing = asyncio.create_task(_announce(started, lambda: ready(setup.address.url(port))))
        await asyncio.wait([asyncio.create_task(stop.wait()), *keepers], return_when=asyncio.FIRST_COMPLETED)
    announcing.cancel()
    stop.set()  # a keeper has failed, if it was not a signal
    bound.close()
    for outcome in await asyncio.gather(*keepers, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


async def _announce(started: Sequence[asyncio.Event], ready: Callable[[], None]) -> None:
    for one in started:
        await one.wait()
    ready()


async def _keep_one(setup: Setup, descriptors: Sequence[int], stop: asyncio.Event, started: asyncio.Event) -> None:
    """Keep one worker running until `stop`. Raises what prevents the first one from starting.

    Later ones are tried again, less and less often: memory may be short, or the archive away, for a while only.
    """
    stopped: asyncio.Future[Any] = asyncio.ensure_future(stop.wait())
    pause_s = 0.0
    while not stop.is_set():
        began_s = time.monotonic()
        try:
            how = f"status {await _run_one(setup, descriptors, stopped, started)}"
        except (EdgarchiveError, OSError, _WorkerFailedError) as error:
            if not started.is_set():
                raise
            how = str(error)
        lived_s = time.monotonic() - began_s
        pause_s = 0.0 if lived_s >= _LONG_S else min(max(2 * pause_s, _FIRST_PAUSE_S), _LONGEST_PAUSE_S)
        if not stop.is_set():
            facts = event("worker-replaced", reason=how, pause_s=pause_s)
            _log.warning("a server process ended (%s): another one starts in %g s", how, pause_s, extra=facts)
            await asyncio.wait([stopped], timeout=pause_s)


async def _run_one(
    setup: Setup, descriptors: Sequence[int], stopped: asyncio.Future[Any], started: asyncio.Event
) -> int:
    """Run a worker until `stopped` or until it ends; returns its exit status. Raises what prevents it from starting."""
    async with _Worker(setup, descriptors) as worker:
        await asyncio.wait([stopped, worker.started, worker.ended], return_when=asyncio.FIRST_COMPLETED)
        if worker.started.done():
            worker.started.result()
            started.set()
            await asyncio.wait([stopped, worker.ended], return_when=asyncio.FIRST_COMPLETED)
    status: int = worker.process.returncode
    if not worker.started.done() and not stopped.done():
        raise WorkerDiedError(
            f"a server process ended while it was starting (status {status})", "see the log; try fewer --workers"
        )
    return status


class _WorkerFailedError(RuntimeError):
    """A defect, as the worker that met it describes it."""


class _Worker:
    """A worker process; `started` ends once it answers requests, or with what prevents it, `ended` with the process."""

    def __init__(self, setup: Setup, descriptors: Sequence[int]) -> None:
        self._loop = asyncio.get_running_loop()
        self.started: asyncio.Future[Any] = self._loop.create_future()
        self.ended: asyncio.Future[Any] = self._loop.create_future()
        self._connection, theirs = Pipe()
        with theirs:
            self.process = start_worker(__name__, theirs.fileno(), *descriptors, stdout=None)
        levels = {name: logging.getLogger(name).getEffectiveLevel() for name in _FLOORS}
        self._send((setup, levels))
        self._loop.add_reader(self._connection.fileno(), self._hear)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let it finish its requests and end, and wait for that."""
        self._send(None)
        await asyncio.wait([self.ended], timeout=_END_S)
        if not self.ended.done():
            self.process.kill()
            await self.ended
        await asyncio.to_thread(self.process.wait)
        if self.started.done() and not self.started.cancelled():
            self.started.exception()  # read, where nobody asks for it any more

    def _hear(self) -> None:
        try:
            message = self._connection.recv()
        except (EOFError, OSError):
            self._loop.remove_reader(self._connection.fileno())
            self._connection.close()
            self.ended.set_result(None)
            return
        match message:
            case logging.LogRecord():
                log_here(message)
            case EdgarchiveError():
                self._fail(message)
            case str() if message == _READY:
                self.started.set_result(None)
            case _:
                self._fail(_WorkerFailedError(f"a server process failed:\n{message}"))

    def _fail(self, error: Exception) -> None:
        if not self.started.done():
            self.started.set_exception(error)

    def _send(self, message: object) -> None:
        with contextlib.suppress(OSError):  # it has ended, which its connection says
            self._connection.send(message)


def work(descriptor: int, *sockets: int) -> None:
    """The main function of a worker: answer on the bound `sockets` until the connection `descriptor` says to end."""
    for number in (signal.SIGINT, signal.SIGTERM):  # they reach all processes of a terminal or service: one decides
        signal.signal(number, signal.SIG_IGN)
    with Connection(descriptor) as parent:
        try:
            setup, levels = parent.recv()
            log = ParentLog(parent.send)
            logging.basicConfig(handlers=[log])
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)
            try:
                asyncio.run(_answer(setup, [socket.socket(fileno=one) for one in sockets], parent, log))
            except EdgarchiveError as error:
                log.send(error)
            except Exception:  # noqa: BLE001 — raised again in the parent process
                log.send(traceback.format_exc())
        except (EOFError, ConnectionResetError, BrokenPipeError):
            return  # the parent has ended


async def _answer(setup: Setup, sockets: Sequence[socket.socket], parent: Connection, log: ParentLog) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_reader(parent.fileno(), stop.set)  # it says to end, or has ended
    runner = new_runner(create_app(setup.settings, allow_hosts=setup.allow_hosts, index=setup.index))
    try:
        await runner.setup()
        for one in sockets:
            await Site(runner, shared=one, ssl_context=setup.address.tls()).start()
        log.send(_READY)
        await stop.wait()
    finally:
        asyncio.get_running_loop().remove_reader(parent.fileno())
        await runner.cleanup()
