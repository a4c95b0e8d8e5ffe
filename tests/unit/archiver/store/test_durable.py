from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import resource
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from archiver.errors import StorageError
from archiver.store.archive import Archive
from archiver.store.durable import make_directories, publish, storage_errors, write_file_durably
from archiver.store.incoming import IncomingFile
from tests.paths import ROOT

LIMIT_BYTES = 3_000_000

WRITE_AND_WAIT = """
import asyncio, pathlib, sys
from archiver.store.incoming import IncomingFile

async def main(folder):
    async with IncomingFile(folder / "incoming", stem="0001193125-04-218426") as file:
        for _ in range(30):
            await file.write(bytes(200_000))
        print("written", flush=True)
        await asyncio.sleep(60)
        await file.publish_over(folder / "submissions" / "whole")

asyncio.run(main(pathlib.Path(sys.argv[1])))
"""

WRITE_TOO_MUCH = """
import asyncio, pathlib, sys
from archiver.store.durable import write_file_durably
from archiver.store.incoming import IncomingFile
from archiver.errors import StorageError
from tests.paths import ROOT

async def stream(folder):
    async with IncomingFile(folder / "incoming", stem="big") as file:
        for _ in range(30):
            await file.write(bytes(200_000))
        await file.publish_over(folder / "big")

folder = pathlib.Path(sys.argv[1])
for write in (lambda: asyncio.run(stream(folder)), lambda: write_file_durably(folder / "big", bytes(6_000_000))):
    try:
        write()
    except StorageError as error:
        print(error)
"""


def files(folder: Path) -> list[str]:
    """Every file below `folder`."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_a_file_gets_its_name_once_it_is_whole(tmp_path: Path) -> None:
    """Nothing has the final name before `publish_over`, and nothing else is left after it."""
    final = tmp_path / "submissions" / "a" / "b" / "whole"
    async with IncomingFile(tmp_path / "incoming", stem="x") as file:
        for _ in range(30):
            await file.write(b"0123456789" * 10_000)
        assert files(tmp_path / "submissions") == []
        await file.publish_over(final)
    assert final.read_bytes() == b"0123456789" * 300_000
    assert file.size == 3_000_000
    assert stat.S_IMODE(final.stat().st_mode) == 0o644
    assert files(tmp_path) == ["submissions/a/b/whole"]


async def test_a_file_that_was_not_finished_leaves_no_trace(tmp_path: Path) -> None:
    """An error in the middle, or simply no `publish_over`, removes what was written."""
    with contextlib.suppress(ZeroDivisionError):
        async with IncomingFile(tmp_path / "incoming", stem="x") as file:
            await file.write(bytes(2_000_000))
            raise ZeroDivisionError
    async with IncomingFile(tmp_path / "incoming", stem="x") as file:
        await file.write(b"x")
    assert files(tmp_path) == []


async def test_an_existing_file_is_replaced_at_once(tmp_path: Path) -> None:
    """Whoever has a second name for it keeps its bytes."""
    final = tmp_path / "whole"
    final.write_bytes(b"first")
    async with IncomingFile(tmp_path / "incoming", stem="x") as file:
        await file.write(b"third")
        await file.publish_over(final)
    assert final.read_bytes() == b"third"
    assert files(tmp_path) == ["whole"]


def test_a_kill_in_the_middle_leaves_no_visible_file(tmp_path: Path) -> None:
    """After kill -9 there is a leftover at most, and the next writer sweeps it."""
    Archive.open(tmp_path, writable=True, create=True).close()
    with subprocess.Popen(
        [sys.executable, "-c", WRITE_AND_WAIT, tmp_path], stdout=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        process.send_signal(signal.SIGKILL)
    assert files(tmp_path / "submissions") == []
    assert [name.rpartition(".")[2] for name in files(tmp_path / "incoming")] == ["part"]
    Archive.open(tmp_path, writable=True).close()
    assert files(tmp_path / "incoming") == []


def test_a_full_disk_is_said_and_leaves_no_trace(tmp_path: Path) -> None:
    """What does not fit is an error that says what to do, whichever way it was written."""
    done = subprocess.run(
        [sys.executable, "-c", WRITE_TOO_MUCH, tmp_path],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, LIMIT_BYTES)),
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert all("no room left" in line and "; free some space" in line for line in lines)
    assert files(tmp_path) == []


def test_a_small_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    """The old content or the new, and no temporary file beside it."""
    path = tmp_path / "new" / "folder" / "format.json"
    write_file_durably(path, b"one")
    write_file_durably(path, b"two")
    assert path.read_bytes() == b"two"
    assert files(tmp_path) == ["new/folder/format.json"]


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """No permission is an error that names the place."""
    tmp_path.chmod(0o555)
    with pytest.raises(StorageError, match="permission denied"):
        write_file_durably(tmp_path / "x", b"")
    with pytest.raises(StorageError, match="permission denied"):
        asyncio.run(IncomingFile(tmp_path / "incoming", stem="x").__aenter__())


def test_a_file_in_the_way_of_a_folder_is_said(tmp_path: Path) -> None:
    """A path through a regular file is an error of ours, not Python's."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError):
        write_file_durably(tmp_path / "file" / "below", b"")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (errno.ENOSPC, "no room left"),
        (errno.EDQUOT, "no room left"),
        (errno.EFBIG, "no room left"),
        (errno.EROFS, "read-only file system"),
        (errno.EIO, "input/output error"),
    ],
)
def test_an_error_of_the_system_becomes_one_of_ours(code: int, message: str) -> None:
    """Full and not writable are told apart, and each hint fits."""
    with pytest.raises(StorageError, match=message), storage_errors(Path("place")):
        raise OSError(code, os.strerror(code))


def test_publish_makes_the_folders_it_needs(tmp_path: Path) -> None:
    """Making folders that are there is no error."""
    make_directories(tmp_path / "a" / "b")
    make_directories(tmp_path / "a" / "b")
    (tmp_path / "temporary").write_bytes(b"x")
    publish(tmp_path / "temporary", tmp_path / "a" / "c" / "final")
    assert files(tmp_path) == ["a/c/final"]
