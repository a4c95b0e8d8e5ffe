"""Worker processes: each reads submissions and collects parts; one process distributes the work.

A message wakes the process that distributes the work, which costs more than indexing a small submission. So a worker
sends none for a submission that it has read: it writes a byte to a pipe, which that process looks at now and then. Each
message has the number of submissions finished before it.

If a worker dies, only what it had not handed over is lost, and others get it. A submission that was being read in two
deaths, takes too long, or takes more memory than a worker may use is a failure of that submission alone.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import resource
import signal
import time
import traceback
from collections import deque
from collections.abc import Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any

from archiver.catalogue.records import CatalogueRecord
from archiver.errors import EdgarchiveError, WorkerDiedError
from archiver.identifiers import AccessionNumber
from archiver.runtime.parent_log import ParentLog, log_here
from archiver.runtime.worker_process import start_worker
from indexer.update.batches import Batch, BatchReader, Event, IndexFailure, Read, Setup

TASK_BYTES = 2_000_000
TASK_RECORDS = 64
"""What a worker gets at a time, in decoded bytes and in submissions, so that it asks again within a second."""

TIME_LIMIT_S = 120.0
READ_BYTES_PER_S = 500_000
"""Time limit of a submission: a fixed time, plus the time to read its bytes at this speed."""

MEMORY_SHARE = 0.8
"""The share of the machine's memory that a worker may use; what needs more fails alone with a MemoryError."""

_LOOK_EVERY_S = 0.2
_PROGRESS_BYTES = 1 << 16

MAX_DEATHS = 8
"""Workers that may die in one run; more cannot be the fault of single submissions."""

_COLLECT_EVERY = 50_000
"""New objects between garbage collections of a worker, which creates many objects and hardly any cycles."""

_READY = "ready"

Task = list[CatalogueRecord]


def tasks(records: Iterator[CatalogueRecord]) -> Iterator[Task]:
    """`records` in portions for workers, each within one filing year."""
    task: Task = []
    size = 0
    for record in records:
        if task and (
            size >= TASK_BYTES or len(task) >= TASK_RECORDS or record.filing_date.year != task[0].filing_date.year
        ):
            yield task
            task, size = [], 0
        task.append(record)
        size += record.size
    if task:
        yield task


def read_in_workers(jobs: int, records: Iterator[CatalogueRecord], setup: Setup) -> Iterator[Event]:
    """Collect `records` in `jobs` processes; yields the events of `BatchReader.read`, in any order, including parts.

    Closing the iterator ends the processes. Raises what a worker raised, and `WorkerDiedError` after `MAX_DEATHS`.
    """
    pool = _Pool(tasks(records), setup)
    try:
        yield from pool.run(jobs)
    finally:
        pool.stop()


class _Worker:
    """A worker process, and the work that it has not handed over yet."""

    def __init__(self, setup: Setup) -> None:
        self.connection, theirs = Pipe()
        self._progress, its_progress = os.pipe()
        os.set_blocking(self._progress, False)
        with theirs, os.fdopen(its_progress, "wb", buffering=0):
            self.process = start_worker(__name__, theirs.fileno(), its_progress)
        self.held: dict[AccessionNumber, CatalogueRecord] = {}
        self.unread: deque[AccessionNumber] = deque()
        self._read = 0
        self._written = 0
        self.is_finishing = False
        self.is_late = False
        self.since_s = time.monotonic()
        self._send(setup)

    def give(self, task: Task) -> None:
        """Give it a task."""
        self.since_s = time.monotonic()
        self.held |= {record.accession: record for record in task}
        self.unread.extend(record.accession for record in task)
        self._send(task)

    def written(self) -> int:
        """The number of submissions that it has finished, as it writes to its pipe."""
        with contextlib.suppress(BlockingIOError):  # nothing new
            self._written += len(os.read(self._progress, _PROGRESS_BYTES))
        return self._written

    def take_read(self, count: int) -> list[AccessionNumber]:
        """Note that it has finished its first `count` submissions; returns those that were unread until now."""
        found = [self.unread.popleft() for _ in range(count - self._read)]
        if found:
            self._read = count
            self.since_s = time.monotonic()
        return found

    def take_failed(self) -> None:
        """Note that it has finished its first unread submission, without success."""
        self.take_read(self._read + 1)

    def end_if_late(self) -> None:
        """Kill the process if it has spent more than the time limit on one submission."""
        if self.unread and not self.is_late:
            limit_s = TIME_LIMIT_S + self.held[self.unread[0]].size / READ_BYTES_PER_S
            if time.monotonic() - self.since_s > limit_s:
                self.is_late = True
                self.process.kill()

    def finish(self) -> None:
        """Let it hand over what it has and end."""
        self.is_finishing = True
        self._send(None)

    def stop(self) -> int:
        """End the process in any state; returns how it ended."""
        self.connection.close()
        os.close(self._progress)
        self.process.terminate()
        return self.process.wait()

    def _send(self, message: object) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has died, which its connection will say
            self.connection.send(message)


class _Pool:
    def __init__(self, work: Iterator[Task], setup: Setup) -> None:
        self._work = work
        self._setup = setup
        self._again: deque[Task] = deque()
        self._told: set[AccessionNumber] = set()  # read by workers that died
        self._suspects: set[AccessionNumber] = set()
        self._deaths = 0
        self._workers: dict[Any, _Worker] = {}

    def run(self, jobs: int) -> Iterator[Event]:
        for _ in range(jobs):
            self._start()
        while self._workers:
            heard = wait(list(self._workers), timeout=_LOOK_EVERY_S)
            for worker in [worker for connection, worker in self._workers.items() if connection not in heard]:
                count = worker.written()
                if not worker.connection.poll():  # all that failed until then has been said
                    read = worker.take_read(count)
                    worker.end_if_late()
                    yield from self._events(read)
            for connection in heard:
                worker = self._workers[connection]
                try:
                    count, message = worker.connection.recv()
                except (EOFError, OSError):  # the latter in the middle of a message
                    yield from self._events(worker.take_read(worker.written()))
                    yield from self._ended(worker)
                else:
                    worker.written()  # or its pipe would fill up in a long run
                    yield from self._events(worker.take_read(count))
                    yield from self._heard(worker, message)

    def stop(self) -> None:
        """End all workers."""
        for worker in self._workers.values():
            worker.stop()

    def _start(self) -> None:
        worker = _Worker(self._setup)
        self._workers[worker.connection] = worker

    def _events(self, read: list[AccessionNumber]) -> Iterator[Event]:
        for accession in read:
            if accession in self._told:  # a dead worker has been noticed before
                self._told.discard(accession)
            else:
                yield Read(accession)

    def _heard(self, worker: _Worker, message: object) -> Iterator[Event]:
        match message:
            case IndexFailure(accession):
                worker.take_failed()
                del worker.held[accession]
                self._told.discard(accession)
                yield message
            case Batch(pairs=pairs):
                for accession, _ in pairs:
                    del worker.held[accession]
                yield message
            case logging.LogRecord():
                log_here(message)
            case EdgarchiveError():
                raise message
            case str() if message == _READY:
                self._give_work(worker)
            case _:
                raise RuntimeError(f"a worker process failed:\n{message}")

    def _give_work(self, worker: _Worker) -> None:
        task = self._again.popleft() if self._again else next(self._work, None)
        if task is not None:
            worker.give(task)
        else:
            worker.finish()

    def _ended(self, worker: _Worker) -> Iterator[Event]:
        """Handle the end of a worker: there is no more work, or it died."""
        del self._workers[worker.connection]
        status = worker.stop()
        if worker.is_finishing and not worker.held:
            return
        self._deaths += 1
        how = f"signal {-status}" if status < 0 else f"status {status}"
        if self._deaths > MAX_DEATHS:
            raise WorkerDiedError(
                f"{self._deaths} processes died while indexing, the last by {how}",
                "give it more memory, or lower `jobs`; then run `edgarchive index` again",
            )
        if worker.unread:
            suspect = worker.unread[0]
            if suspect in self._suspects or worker.is_late:
                del worker.held[suspect]
                message = "reading it takes too long" if worker.is_late else f"the process that read it ended by {how}"
                yield IndexFailure(suspect, WorkerDiedError.__name__, message)
            self._suspects.add(suspect)
        self._told |= worker.held.keys() - set(worker.unread)
        self._again.extend([record] for record in worker.held.values())
        self._start()


class _Parent:
    """The parent process, for a worker: `count` is the number of submissions finished so far."""

    def __init__(self, connection: Connection, progress: int) -> None:
        self._connection = connection
        self._progress = progress
        self._count = 0

    def send(self, message: object) -> None:
        """Send a message, with the count."""
        self._connection.send((self._count, message))

    def add_one(self) -> None:
        """Count a submission."""
        self._count += 1
        os.write(self._progress, b".")

    def tell(self, event: Event) -> None:
        """Send an event, or count what was read."""
        if not isinstance(event, Read):
            self.send(event)
        if not isinstance(event, Batch):
            self.add_one()


def work(descriptor: int, progress: int) -> None:
    """The main loop of a worker: receive tasks from the connection `descriptor` and send events until all is done.

    A byte is written to `progress` for each submission that is finished.
    """
    gc.set_threshold(_COLLECT_EVERY)
    _limit_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the first one decides
    with Connection(descriptor) as connection:
        parent = _Parent(connection, progress)
        logging.basicConfig(handlers=[ParentLog(parent.send)])
        try:
            _work(connection, parent)
        except (EOFError, ConnectionResetError, BrokenPipeError):
            return  # nobody waits for the result any more
        except EdgarchiveError as error:
            parent.send(error)
        except Exception:  # noqa: BLE001 — raised again in the parent process
            parent.send(traceback.format_exc())


def _limit_memory() -> None:
    """Let an allocation that exceeds the machine's memory fail here, before the system kills some process."""
    with contextlib.suppress(OSError, ValueError):  # a system that does not report it, or has a lower limit
        limit = int(MEMORY_SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, most))


def _work(connection: Connection, parent: _Parent) -> None:
    with contextlib.closing(BatchReader(connection.recv())) as reader:
        parent.send(_READY)
        while (task := connection.recv()) is not None:
            for event in reader.read(task):
                parent.tell(event)
            parent.send(_READY)
        for event in reader.finish():
            parent.tell(event)
