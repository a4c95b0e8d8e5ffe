"""Worker processes: real ones. An audit hook in them holds, or ends, the process that opens a certain file."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.catalogue.records import CatalogueRecord
from archiver.errors import StorageError, WorkerDiedError
from archiver.store.archive import Archive
from indexer.engine import Engine
from indexer.index_folder import create_index
from indexer.update import workers
from indexer.update.batches import Batch, Event, IndexFailure, Read, Setup
from indexer.update.run import WORKERS_FROM_BYTES
from indexer.update.workers import read_in_workers
from tests.paths import ROOT
from tests.processes import EdgarchiveProcess
from tests.unit.archives import keep
from tests.unit.index_entries import accession as accession_number
from tests.unit.submissions import submission_bytes

pytestmark = pytest.mark.slow
needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="finds a worker by /proc")

_HOOK = """
import os, signal, sys, time
from pathlib import Path

here = Path(__file__).parent
held = (here / "held").read_text()

def hook(event, arguments):
    if event == "open" and str(arguments[0]) == held:
        if (here / "deadly").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        (here / "reader.new").write_text(str(os.getpid()))
        (here / "reader.new").rename(here / "reader")
        while not (here / "released").exists():
            time.sleep(0.01)

sys.addaudithook(hook)
"""
"""What each process that a test starts runs first: the reader of one file waits, or is killed."""


HELD = 900


class Hold:
    """Holds every process that opens `file`, until it is released; or kills it."""

    def __init__(self, folder: Path, file: Path) -> None:
        self._folder = folder
        (folder / "held").write_text(str(file))
        (folder / "sitecustomize.py").write_text(_HOOK)

    def kill_readers(self) -> None:
        """From now on, who opens the file dies."""
        (self._folder / "deadly").touch()

    def reader(self) -> int:
        """The process that is held, once there is one."""
        while not (self._folder / "reader").exists():
            time.sleep(0.01)
        return int((self._folder / "reader").read_text())

    def release(self) -> None:
        """Hold nobody any more."""
        (self._folder / "released").touch()


@pytest.fixture
def index(archive: Archive) -> Iterator[Engine]:
    """An empty index, open for writing."""
    made = create_index(archive.index_path, engine="whoosh")
    yield made
    made.close()


def store(archive: Archive, number: int) -> CatalogueRecord:
    """A stored submission."""
    accession = accession_number(number)
    return keep(archive, accession, submission_bytes(accession))


@pytest.fixture
def hold(archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hold:
    """A hold on the file of submission `HELD`."""
    folder = tmp_path / "hook"
    folder.mkdir()
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    )
    return Hold(folder, archive.layout.submission(accession_number(HELD)))


def gather(archive: Archive, index: Engine, jobs: int, records: list[CatalogueRecord]) -> Iterator[Event]:
    """The events of `records`."""
    return read_in_workers(jobs, iter(records), Setup(archive.layout, index.part_writer()))


def test_each_submission_is_read_once_and_comes_in_one_part(archive: Archive, index: Engine) -> None:
    """Whatever process reads it, a submission is one event and in one part, and the parts make one index."""
    records = [store(archive, number) for number in range(200)]
    events = list(gather(archive, index, 3, records))
    assert sorted(event.accession for event in events if isinstance(event, Read)) == [one.accession for one in records]
    parts = [event for event in events if isinstance(event, Batch)]
    assert sorted(pair for part in parts for pair in part.pairs) == [(one.accession, one.sha256) for one in records]
    for part in parts:
        index.adopt(part.part)
    index.commit()
    assert index.search(None).total == 200


def test_what_a_killed_worker_had_is_read_by_another(archive: Archive, index: Engine, hold: Hold) -> None:
    """A worker that is killed loses nothing: its submissions come again, and none is told of twice."""
    records = [store(archive, number) for number in [*range(20), HELD]]
    events = gather(archive, index, 2, records)
    seen = [next(events) for _ in range(20)]
    os.kill(hold.reader(), signal.SIGKILL)
    hold.release()
    seen += events
    expected = [one.accession for one in records]
    assert sorted(event.accession for event in seen if isinstance(event, Read)) == expected
    gathered = [accession for event in seen if isinstance(event, Batch) for accession, _ in event.pairs]
    assert sorted(gathered) == expected


def test_a_submission_that_kills_its_reader_twice_is_a_failure(archive: Archive, index: Engine, hold: Hold) -> None:
    """One bad submission does not end the run, even where it takes the whole process with it."""
    hold.kill_readers()
    records = [store(archive, number) for number in [HELD, *range(1, 10)]]
    events = list(gather(archive, index, 1, records))
    failures = [event for event in events if isinstance(event, IndexFailure)]
    assert [(failure.accession, failure.error) for failure in failures] == [(accession_number(HELD), "WorkerDiedError")]
    assert "signal 9" in failures[0].message
    assert sum(isinstance(event, Read) for event in events) == 9


def test_workers_that_die_again_and_again_end_the_run(
    archive: Archive, index: Engine, monkeypatch: pytest.MonkeyPatch, hold: Hold
) -> None:
    """Where it is not the fault of single submissions, the run ends with an error, and not with a smaller index."""
    monkeypatch.setattr(workers, "MAX_DEATHS", 1)
    hold.kill_readers()
    with pytest.raises(WorkerDiedError, match="signal 9"):
        list(gather(archive, index, 1, [store(archive, HELD)]))


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


def test_ctrl_c_ends_all_processes(archive: Archive, hold: Hold) -> None:
    """An interrupted run ends with 130, its workers with it, and the next run indexes what is left."""
    big = accession_number(1)
    text = submission_bytes(big).replace(b"zebra", b"zebra " * (WORKERS_FROM_BYTES // 6))
    keep(archive, big, text)
    store(archive, HELD)
    archive.close()
    command = ("--root", str(archive.root), "index")
    environment = os.environ | {"EDGARCHIVE_JOBS": "2"}
    with EdgarchiveProcess(*command, environment=environment, folder=ROOT, start_new_session=True) as process:
        reader = hold.reader()
        os.killpg(process.pid, signal.SIGINT)
        process.wait()
    assert process.returncode == 130
    with pytest.raises(ProcessLookupError):
        os.kill(reader, 0)
    hold.release()
    with EdgarchiveProcess(*command, environment=environment, folder=ROOT) as process:
        process.communicate()
    assert process.returncode == 0
    with Archive.open(archive.root) as reopened:
        assert reopened.catalogue.count_unindexed() == 0


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
    parts = [event for event in found if isinstance(event, Batch)]
    gathered = [accession for part in parts for accession, _ in part.pairs]
    assert sorted([*gathered, failure.accession]) == [one.accession for one in records]


def test_a_worker_is_not_late_because_its_messages_were_not_read(
    archive: Archive, index: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit on a busy machine may take longer than the time limit of a submission."""
    records = [store(archive, number) for number in range(workers.TASK_RECORDS * 2)]
    events = gather(archive, index, 1, records)
    found = [next(events)]
    time.sleep(0.5)  # it goes on meanwhile
    later_s = time.monotonic() + 10 * workers.TIME_LIMIT_S
    monkeypatch.setattr(time, "monotonic", lambda: later_s)
    found += events
    assert not [event for event in found if isinstance(event, IndexFailure)]
    assert len([event for event in found if isinstance(event, Read)]) == len(records)


def _processes() -> list[str]:
    return [one.name for one in Path("/proc").iterdir() if one.name.isdigit()]


def _is_worker(process: int) -> bool:
    """Whether a process is a worker that this one has started."""
    try:
        parent = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
        return parent == os.getpid() and b"indexer.update.workers" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:  # gone
        return False
