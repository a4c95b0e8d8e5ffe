"""Worker processes: real ones. A submission whose file is a named pipe holds its reader until the test lets it go."""

from __future__ import annotations

import contextlib
import gzip
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from archiver.catalogue.records import CatalogueRecord
from archiver.errors import StorageError, WorkerDiedError
from archiver.identifiers import AccessionNumber
from archiver.store.archive import Archive
from indexer.engine import Engine
from indexer.index_folder import create_index
from indexer.update import workers
from indexer.update.batches import Event, Gathered, IndexFailure, Read, Setup
from indexer.update.run import WORKERS_FROM_BYTES
from indexer.update.workers import gather_in_workers
from tests.unit.archives import keep
from tests.unit.submissions import submission_bytes

pytestmark = pytest.mark.slow
needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="finds the reader of a file by /proc")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """An empty archive, open for writing."""
    with Archive.open(tmp_path / "edgar", writable=True, create=True) as opened:
        yield opened


@pytest.fixture
def index(archive: Archive) -> Iterator[Engine]:
    """An empty index, open for writing."""
    made = create_index(archive.index_path, engine="whoosh")
    yield made
    made.close()


def store(archive: Archive, number: int) -> CatalogueRecord:
    """A stored submission."""
    accession = AccessionNumber(f"0001193125-04-{number:06d}")
    return keep(archive, accession, submission_bytes(accession))


def blocked(archive: Archive, number: int, request: pytest.FixtureRequest) -> tuple[CatalogueRecord, Path]:
    """A submission whose reader waits for ever, and its file."""
    record = store(archive, number)
    path = archive.layout.submission(record.accession)
    path.unlink()
    os.mkfifo(path)
    request.addfinalizer(partial(os.close, os.open(path, os.O_RDWR)))  # a pipe that nobody could write to would end
    return record, path


def gather(archive: Archive, index: Engine, jobs: int, records: list[CatalogueRecord]) -> Iterator[Event]:
    """The events of `records`."""
    return gather_in_workers(jobs, iter(records), Setup(archive.layout, index.part_writer()))


def reader_of(path: Path) -> int:
    """The process that reads the named pipe `path`, once there is one."""
    while True:
        others = (int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit())
        for number in others:
            if number != os.getpid() and _reads(number, path):
                return number
        time.sleep(0.01)


def kill_reader(path: Path) -> None:
    """Kill the process that reads the named pipe `path`, once there is one, and wait until it has gone."""
    reader = reader_of(path)
    os.kill(reader, signal.SIGKILL)
    while _reads(reader, path):
        time.sleep(0.01)


def _reads(process: int, path: Path) -> bool:
    """Whether a process has `path` open for reading alone, which a copy of this one on its way to a worker has not."""
    try:
        links = list(Path(f"/proc/{process}/fd").iterdir())
        return any(
            link.readlink().name.startswith(path.name) and link.lstat().st_mode & 0o600 == 0o400 for link in links
        )
    except OSError:  # another user's, or gone
        return False


def test_each_submission_is_read_once_and_comes_in_one_part(archive: Archive, index: Engine) -> None:
    """Whatever process reads it, a submission is one event and in one part, and the parts make one index."""
    records = [store(archive, number) for number in range(200)]
    events = list(gather(archive, index, 3, records))
    assert sorted(event.accession for event in events if isinstance(event, Read)) == [one.accession for one in records]
    parts = [event for event in events if isinstance(event, Gathered)]
    assert sorted(pair for part in parts for pair in part.pairs) == [(one.accession, one.sha256) for one in records]
    for part in parts:
        index.adopt(part.part)
    index.commit()
    assert index.search(None).total == 200


@needs_proc
def test_what_a_killed_worker_had_is_read_by_another(
    archive: Archive, index: Engine, request: pytest.FixtureRequest
) -> None:
    """A worker that is killed loses nothing: its submissions come again, and none is told of twice."""
    records = [store(archive, number) for number in range(20)]
    waiting, path = blocked(archive, 20, request)
    events = gather(archive, index, 2, [*records, waiting])
    seen = [next(events) for _ in range(20)]
    reader = reader_of(path)
    path.unlink()
    path.write_bytes(gzip.compress(submission_bytes(waiting.accession)))
    os.kill(reader, signal.SIGKILL)
    seen += events
    expected = [one.accession for one in [*records, waiting]]
    assert sorted(event.accession for event in seen if isinstance(event, Read)) == expected
    gathered = [accession for event in seen if isinstance(event, Gathered) for accession, _ in event.pairs]
    assert sorted(gathered) == expected


@needs_proc
def test_a_submission_that_kills_its_reader_twice_is_a_failure(
    archive: Archive, index: Engine, request: pytest.FixtureRequest
) -> None:
    """One bad submission does not end the run, even where it takes the whole process with it."""
    waiting, path = blocked(archive, 0, request)
    records = [store(archive, number) for number in range(1, 10)]
    with kills(path, times=2):
        events = list(gather(archive, index, 1, [waiting, *records]))
    failures = [event for event in events if isinstance(event, IndexFailure)]
    assert [(failure.accession, failure.error) for failure in failures] == [(waiting.accession, "WorkerDiedError")]
    assert "signal 9" in failures[0].message
    assert sum(isinstance(event, Read) for event in events) == 9


@needs_proc
def test_workers_that_die_again_and_again_end_the_run(
    archive: Archive, index: Engine, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Where it is not the fault of single submissions, the run ends with an error, and not with a smaller index."""
    monkeypatch.setattr(workers, "MAX_DEATHS", 1)
    waiting, path = blocked(archive, 0, request)
    with kills(path, times=2), pytest.raises(WorkerDiedError, match="signal 9"):
        list(gather(archive, index, 1, [waiting]))


def test_what_a_worker_raises_ends_the_run(archive: Archive, index: Engine) -> None:
    """A worker that cannot write says so here, as the error that it is."""
    records = [store(archive, number) for number in range(3)]
    events = gather(archive, index, 1, records)
    building = archive.index_path / "building"
    building.rmdir()
    building.write_bytes(b"in the way")
    with pytest.raises(StorageError):
        list(events)
    building.unlink()


@needs_proc
def test_ctrl_c_ends_all_processes(archive: Archive, request: pytest.FixtureRequest) -> None:
    """An interrupted run ends with 130, its workers with it, and the next run indexes what is left."""
    big = AccessionNumber("0001193125-04-000001")
    text = submission_bytes(big).replace(b"zebra", b"zebra " * (WORKERS_FROM_BYTES // 6))
    keep(archive, big, text)
    waiting, path = blocked(archive, 2, request)
    archive.close()
    command = [sys.executable, "-m", "edgarchive", "--root", str(archive.root), "index"]
    environment = os.environ | {"EDGARCHIVE_JOBS": "2"}
    with subprocess.Popen(command, env=environment, start_new_session=True, stderr=subprocess.DEVNULL) as process:
        reader = reader_of(path)
        os.killpg(process.pid, signal.SIGINT)
        process.wait()
    assert process.returncode == 130
    assert not _reads(reader, path)
    path.unlink()
    path.write_bytes(gzip.compress(submission_bytes(waiting.accession)))
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    with Archive.open(archive.root) as reopened:
        assert reopened.catalogue.count_unindexed() == 0


@contextlib.contextmanager
def kills(path: Path, *, times: int) -> Iterator[None]:
    """While this lasts, who reads the named pipe `path` is killed, so many times."""

    def kill() -> None:
        for _ in range(times):
            kill_reader(path)

    thread = threading.Thread(target=kill)
    thread.start()
    yield
    thread.join()


@needs_proc
def test_a_submission_that_takes_too_long_fails_alone(
    archive: Archive, index: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that does not get on with one submission is ended; the others are gathered."""
    monkeypatch.setattr(workers, "TIME_LIMIT_S", 5.0)
    monkeypatch.setattr(workers, "_LOOK_EVERY_S", 0.2)
    records = [store(archive, number) for number in range(workers.TASK_RECORDS * 4)]
    events = gather(archive, index, 1, records)
    found = [next(events)]
    (worker,) = (number for number in map(int, _processes()) if _is_worker(number))
    os.kill(worker, signal.SIGSTOP)
    found += events
    (failure,) = (event for event in found if isinstance(event, IndexFailure))
    assert failure.message == "reading it takes too long"
    parts = [event for event in found if isinstance(event, Gathered)]
    gathered = [accession for part in parts for accession, _ in part.pairs]
    assert sorted([*gathered, failure.accession]) == [one.accession for one in records]


def _processes() -> list[str]:
    return [one.name for one in Path("/proc").iterdir() if one.name.isdigit()]


def _is_worker(process: int) -> bool:
    """Whether a process is a worker that this one has started."""
    try:
        parent = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
        return parent == os.getpid() and b"indexer.update.workers" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:  # gone
        return False
