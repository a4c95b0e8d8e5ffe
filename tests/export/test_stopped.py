"""Exports that are cancelled, killed or out of room: nothing half-written, and the next run goes on."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from archiver.errors import LockedError, RunCancelledError, StorageError, UsageError, WorkerDiedError
from archiver.runtime.progress import CancelToken, ProgressUpdate
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive import SearchOptions, export
from tests.export.conftest import tree
from tests.paths import ROOT
from tests.processes import EdgarchiveProcess
from tests.thorough import rounds


def test_a_cancelled_export_goes_on(settings: Settings, out: Path) -> None:
    """Stopped at any point, the next run gives the same file as one that was never stopped."""
    export("documents", out / "whole.jsonl", settings=settings, jobs=1)
    token = CancelToken()
    token.cancel()
    with pytest.raises(RunCancelledError):
        export("documents", out / "part.jsonl", settings=settings, jobs=1, cancel=token)
    export("documents", out / "part.jsonl", settings=settings, jobs=1)
    assert (out / "part.jsonl").read_bytes() == (out / "whole.jsonl").read_bytes()


def test_two_exports_to_one_place_do_not_mix(settings: Settings, out: Path) -> None:
    """While one runs, another to the same place is refused, and changes neither its files nor its state."""
    refused: list[LockedError] = []

    def progress(_: ProgressUpdate) -> None:
        if not refused:
            with pytest.raises(LockedError, match=r"another export to .*x\.jsonl is running") as error:
                export("documents", out / "x.jsonl", options=SearchOptions("resigned"), settings=settings, jobs=1)
            refused.append(error.value)

    export("documents", out / "x.jsonl", settings=settings, jobs=1, progress=progress)
    assert refused
    export("documents", out / "whole.jsonl", settings=settings, jobs=1)
    assert (out / "x.jsonl").read_bytes() == (out / "whole.jsonl").read_bytes()
    assert sorted(path.name for path in out.iterdir()) == ["whole.jsonl", "x.jsonl"]


@pytest.mark.parametrize("name", ["x.jsonl", "x.parquet", "x-entities.parquet"])
def test_a_stopped_export_replaces_no_file_of_the_user(settings: Settings, out: Path, name: str) -> None:
    """One that was put there since is neither overwritten nor taken for its own."""
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")

    def cancel(update: ProgressUpdate) -> None:
        if update.done:
            token.cancel()

    token, other = CancelToken(), f"x.{name.partition('.')[2]}"
    with pytest.raises(RunCancelledError):
        export("filings", out / other, settings=settings, jobs=1, progress=cancel, cancel=token)
    (out / name).write_text("mine")
    with pytest.raises(UsageError, match="already exists"):
        export("filings", out / other, settings=settings, jobs=1)
    assert (out / name).read_text() == "mine"


_KILLED = """
import glob, os, signal, sys, warnings
from edgarchive.exporting import run, workers
from edgarchive import SearchOptions, Settings, export

# pyarrow has threads, and Python 3.12 and later warn of each fork beside them; the forks use none of them
warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
run.CHECKPOINT_S = 0.0
workers.TASK_FILINGS = 2
root, out, step, name, arguments = *sys.argv[1:5], eval(sys.argv[5])
if "parquet" in sys.argv[4] + sys.argv[5]:
    import pyarrow.parquet  # once, not in each process
settings = Settings(root=root)


def one(file, kill_at=None, **arguments):
    # In a process of its own, killed before the change to the disk with this number; returns whether it was.
    if not (child := os.fork()):
        left = None if kill_at is None else iter(range(kill_at))

        def count(event, values):
            if left is not None and event in {"open", "os.rename", "os.remove"} and str(values[0]).startswith(out):
                if next(left, None) is None:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        export(out=f"{out}/{file}", settings=settings, jobs=1, **arguments)
        os._exit(0)
    return bool(os.waitpid(child, 0)[1])


def all_moments():
    number, killed = 1, True
    while killed:
        state = f"{out}/{number}/state"
        since = {"since_export": state} if "filings" in arguments.values() else {}
        if killed := one(f"{number}/{name}", kill_at=number, **arguments, **since):
            print(number)
            if os.path.exists(state):  # all was done but for removing what an unfinished export needs
                assert os.path.exists(f"{out}/{number}/{name}")
                for left in glob.glob(f"{out}/{number}/.x*.export"):
                    os.unlink(left)
            else:
                assert not one(f"{number}/{name}", **arguments, **since), number
        number += int(step)


"""


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("x.jsonl", "dict(table='filings')"),
        ("x.csv", "dict(table='documents')"),
        ("x", "dict(table='documents', format='parquet')"),
        ("x.parquet", "dict(table='filings')"),
        ("x.jsonl", "dict(table='sections', shape='edgar-crawler')"),
        ("x.csv", "dict(table='sections', shape='edgar-corpus')"),
        ("x.jsonl", "dict(table='hits', options=SearchOptions('resigned'))"),
    ],
)
def test_killed_anywhere_it_goes_on(settings: Settings, out: Path, name: str, arguments: str) -> None:
    """Kill -9 before any change to the disk: the same command gives the files of a run that was never stopped."""
    if "parquet" in name + arguments:
        pytest.importorskip("pyarrow")
    step = rounds(29 if "parquet" in arguments else 7, thorough=1)
    kills = killing("all_moments()", str(settings.root), str(out), str(step), name, arguments).split()
    assert len(kills) >= 2
    whole = content(out / str(int(kills[-1]) + step))
    assert whole
    assert all(content(out / number) == whole for number in kills)
    assert not [path for path in out.rglob(".*") if path.is_file()]


@pytest.mark.skipif(sys.platform != "linux", reason="needs the list of child processes in /proc")
@pytest.mark.parametrize("name", ["x.jsonl", "x.parquet", "x"])
def test_killed_workers_end_it_and_it_goes_on(settings: Settings, out: Path, name: str) -> None:
    """Kill -9 of the workers is our error; the same command gives the files of a run that was never stopped."""
    if name != "x.jsonl":
        pytest.importorskip("pyarrow")

    children = Path(f"/proc/self/task/{os.getpid()}/children")
    others = set(children.read_text().split())

    def kill_workers(_: ProgressUpdate) -> None:
        for worker in set(children.read_text().split()) - others:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(worker), signal.SIGKILL)

    arguments: dict[str, Any] = {"format": name.partition(".")[2] or "parquet", "settings": settings, "jobs": 2}
    export("documents", out / "whole" / name, **arguments)
    with pytest.raises(WorkerDiedError, match="a worker process ended"):
        export("documents", out / "killed" / name, **arguments, progress=kill_workers)
    export("documents", out / "killed" / name, **arguments)
    assert content(out / "killed") == content(out / "whole")


def test_the_state_of_another_export_is_not_continued(settings: Settings, out: Path) -> None:
    """An export of something else to the same file, stopped at its beginning, leaves nothing to go on with."""
    stopped = "assert one('x.jsonl', kill_at=20, table='documents')\nassert one('x.jsonl', kill_at=5, table='filings')"
    killing(stopped, str(settings.root), str(out), "1", "x.jsonl", "{}")
    export("documents", out / "x.jsonl", settings=settings, jobs=1)
    export("documents", out / "whole.jsonl", settings=settings, jobs=1)
    assert (out / "x.jsonl").read_bytes() == (out / "whole.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("table", "name"), [("filings", "x.jsonl"), ("documents", "x.csv"), ("documents", "x"), ("filings", "x.parquet")]
)
def test_no_room_left(settings: Settings, out: Path, table: str, name: str) -> None:
    """At any size an export ends with our error, and goes on when there is room."""
    arguments: dict[str, Any] = {} if "." in name else {"format": "parquet"}
    if "parquet" in name or arguments:
        pytest.importorskip("pyarrow")
    whole = out / "whole" / name  # a dataset card has the name of its folder
    export(table, whole, settings=settings, jobs=1, **arguments)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    largest = max(map(len, tree(whole).values()))
    for number, limit in enumerate((largest // 20, largest // 3, largest - 100)):
        path = out / f"{number}" / name
        with Archive.open(settings.root) as archive:
            archive.catalogue.count()  # what SQLite needs of the disk to read is there
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
            try:
                with pytest.raises(StorageError, match="no room left"):
                    export(table, path, settings=settings, jobs=1, **arguments)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, before)
        export(table, path, settings=settings, jobs=1, **arguments)
        assert tree(path) == tree(whole)


def killing(code: str, *arguments: str) -> str:
    """What a process that kills its exports prints."""
    process = EdgarchiveProcess(*arguments, code=f"{_KILLED}\n{code}", environment=dict(os.environ), folder=ROOT)
    said, wrong = process.communicate()
    assert (process.returncode, wrong) == (0, b""), wrong.decode()
    return said.decode()


def content(folder: Path) -> dict[str, bytes]:
    """The files below a folder, but for what tells of the time of an export."""
    return {name: data for name, data in tree(folder).items() if name != "state"}


def test_a_full_folder_is_cleaned_up(settings: Settings, out: Path) -> None:
    """A folder that cannot be written to is an error, and leaves nothing visible."""
    if os.geteuid() == 0:
        pytest.skip("permissions do not bind root")
    out.chmod(0o500)
    try:
        with pytest.raises(Exception, match="write"):
            export("filings", out / "f.jsonl", settings=settings)
    finally:
        out.chmod(0o700)
        shutil.rmtree(out)
