"""Worker processes that turn filings into encoded rows, in the order of the filings."""

from __future__ import annotations

import contextlib
import itertools
import logging
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue

from archiver.errors import EdgarchiveError, WorkerDiedError
from archiver.runtime.parent_log import ParentLog, log_here
from archiver.runtime.worker_process import start_worker
from archiver.startup.dataclass import dataclass
from edgarchive.exporting.files.writers import CsvEncoder, Encoder
from edgarchive.exporting.rows import NOTHING_ASKED, Asked, FilingReader, Shape, Wanted
from edgarchive.exporting.tables import Table
from indexer.section_rows import Row

TASK_FILINGS, TASK_BYTES = 32, 32_000_000
"""The filings in a task, and their size together, unless it is a single large one: all its rows are in memory."""
_AHEAD = 2
"""Tasks given to each worker ahead of its results."""


@dataclass(frozen=True, slots=True)
class Job:
    """The job of workers: read filings of the archive at `root` and encode their rows."""

    root: Path
    tables: tuple[tuple[Table, Encoder], ...]
    asked: Asked = NOTHING_ASKED
    shape: Shape | None = None


@dataclass(frozen=True, slots=True)
class Encoded:
    """Rows of one table. `rows` is their number; `has_long_cells`: some text does not fit into a spreadsheet's cell."""

    table: Table
    rows: int
    data: bytes
    has_long_cells: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """The result of a task: encoded rows in order, and unreadable filings, each with the reason."""

    wanted: tuple[Wanted, ...]
    encoded: tuple[Encoded, ...]
    failures: tuple[tuple[str, str], ...]


def tasks(wanted: Iterator[Wanted]) -> Iterator[tuple[Wanted, ...]]:
    """Filings in portions for workers, each within one filing year."""
    task: list[Wanted] = []
    size = 0
    for one in wanted:
        more = one.record.size if one.record else 0
        if task and (len(task) >= TASK_FILINGS or size + more > TASK_BYTES or one.year != task[0].year):
            yield tuple(task)
            task, size = [], 0
        task.append(one)
        size += more
    if task:
        yield tuple(task)


def encode_here(job: Job, wanted: Iterator[Wanted]) -> Generator[Done]:
    """Encode in this process."""
    with FilingReader(job.root) as reader:
        for task in tasks(wanted):
            yield encode(job, reader, task)


def encode(job: Job, reader: FilingReader, task: Sequence[Wanted]) -> Done:
    """The encoded rows of some filings. An unreadable one is a failure of its own."""
    rows: dict[Table, list[Row]] = {table: [] for table, _ in job.tables}
    failures = []
    for wanted in task:
        try:
            found = [(table, _shaped(job, reader, table, wanted)) for table, _ in job.tables]
        except EdgarchiveError as error:
            failures.append((str(wanted.accession), error.message))
            continue
        for table, some in found:
            rows[table] += some
    encoded = tuple(_encoded(table, encoder, rows[table]) for table, encoder in job.tables if rows[table])
    return Done(tuple(task), encoded, tuple(failures))


def _encoded(table: Table, encoder: Encoder, rows: Sequence[Row]) -> Encoded:
    is_long = isinstance(encoder, CsvEncoder) and encoder.has_long_cells(rows)
    return Encoded(table, len(rows), encoder(rows), has_long_cells=is_long)


def _shaped(job: Job, reader: FilingReader, table: Table, wanted: Wanted) -> list[Row]:
    return list(reader.rows(table, wanted, job.asked) if job.shape is None else reader.shaped(job.shape, wanted))


def encode_in_workers(job: Job, wanted: Iterator[Wanted], *, jobs: int) -> Generator[Done]:
    """Encode with `jobs` processes; results come in order. Raises `WorkerDiedError`."""
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(_Worker(job)) for _ in range(jobs)]
        waiting: deque[_Worker] = deque()
        turn = itertools.cycle(workers)
        for task in tasks(wanted):
            worker = next(turn)
            worker.give(task)
            waiting.append(worker)
            if len(waiting) >= jobs * _AHEAD:
                yield waiting.popleft().take()
        while waiting:
            yield waiting.popleft().take()


class _Worker(contextlib.AbstractContextManager["_Worker"]):
    """A worker process."""

    def __init__(self, job: Job) -> None:
        self._pipe, theirs = Pipe()
        with theirs:
            self._process = start_worker(__name__, theirs.fileno())
        self._send(job)

    def give(self, task: tuple[Wanted, ...]) -> None:
        """Give it a task."""
        self._send(task)

    def take(self) -> Done:
        """The result of the oldest task; what the worker logs before it is logged here."""
        while isinstance(result := self._receive(), logging.LogRecord):
            log_here(result)
        if isinstance(result, BaseException):
            raise result
        if not isinstance(result, Done):
            raise TypeError(type(result).__name__)
        return result

    def _receive(self) -> object:
        try:
            return self._pipe.recv()
        except (EOFError, OSError):
            raise _died() from None

    def _send(self, value: object) -> None:
        try:
            self._pipe.send(value)
        except OSError:
            raise _died() from None

    def __exit__(self, *_: object) -> None:
        self._pipe.close()
        self._process.terminate()
        self._process.wait()


def _died() -> WorkerDiedError:
    return WorkerDiedError("a worker process ended", "run the same command again; with --jobs 1 if it persists")


def work(descriptor: int) -> None:
    """The main loop of a worker process: receive a job, then tasks, until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told and ends this process
    with Connection(descriptor) as pipe, contextlib.suppress(EOFError, OSError):
        log = ParentLog(pipe.send)
        logging.basicConfig(handlers=[log])
        job = pipe.recv()
        given: SimpleQueue[Sequence[Wanted] | None] = SimpleQueue()
        threading.Thread(target=_receive_tasks, args=(pipe, given), daemon=True).start()
        with FilingReader(job.root) as reader:
            while (task := given.get()) is not None:
                try:
                    result: object = encode(job, reader, task)
                except Exception as error:  # noqa: BLE001 — raised again in the parent process
                    result = error
                log.send(result)


def _receive_tasks(pipe: Connection, given: SimpleQueue[Sequence[Wanted] | None]) -> None:
    """Receive the tasks, also while a result is being sent: else a process would wait for the other, and it for this.

    None follows the last one, and one that cannot be read, as by another version: then the process ends.
    """
    with contextlib.suppress(Exception):
        while True:
            given.put(pipe.recv())
    given.put(None)
