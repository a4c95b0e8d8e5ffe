"""Writing so that what is visible is whole: temporary file, fsync, rename, fsync of the folder.

A name appears only once its bytes are on the disk, and it stays after a power cut because the folder is synced too
(POSIX leaves a rename undurable until then).
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import aiofiles
from aiofiles.threadpool.binary import AsyncFileIO

from archiver.errors import StorageError

_BUFFER_BYTES = 1 << 20
"""Decoded network chunks are gathered up to this size before a thread writes them."""

_MODE = 0o644
"""An archive is for all to read; `mkstemp` alone would keep it to its writer."""

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextlib.contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn an `OSError` of writing below `path` into a `StorageError` that says what to do; FileExistsError passes."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageError(f"no room left for {path}", "free some space and run the same command again") from error
        reason = (error.strerror or str(error)).lower()
        raise StorageError(f"cannot write {path}: {reason}", "check the folder and its permissions") from error


@contextlib.contextmanager
def reading_errors(path: Path) -> Iterator[None]:
    """Turn an `OSError` of looking at `path` or reading it into a `StorageError` of one line."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StorageError(f"cannot read {path}: {reason}", "check its permissions") from error


def fsync_directory(path: Path) -> None:
    """Make the names in folder `path` durable."""
    _fsync(path)


def make_directories(path: Path) -> None:
    """Create folder `path` and its missing parents, each name durable in its own parent."""
    missing = []
    while not path.is_dir():
        if path.exists() and not path.is_dir():  # looked at twice: another thread may just have made it
            raise NotADirectoryError(errno.ENOTDIR, "a file stands where a folder should", str(path))
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        fsync_directory(folder.parent)


def publish(temporary: Path, final: Path) -> None:
    """Give the synced file `temporary` its `final` name, durably. An existing file is never replaced: FileExistsError.

    Looking first is enough: the archive has one writer at a time.
    """
    make_directories(final.parent)
    if final.exists():
        raise FileExistsError(final)
    temporary.rename(final)
    fsync_directory(final.parent)


def link_beside(final: Path, beside: Path) -> None:
    """Give the file `final` a second name, `beside`, durably, so that another may take the first."""
    with storage_errors(beside):
        if not beside.exists():
            os.link(final, beside)
        fsync_directory(final.parent)


def publish_over(temporary: Path, final: Path) -> None:
    """Give the synced file `temporary` the name of the file `final`, durably. At no moment is there no `final`."""
    temporary.replace(final)
    fsync_directory(final.parent)


def publish_together(names: Sequence[tuple[Path, Path]]) -> None:
    """Give temporary files, not synced yet, their final names, durably, at the cost of two syncs of the file system.

    `names` are pairs of temporary and final, of one file system. The bytes are on the disk before the first name
    appears, and all names before this returns. Raises `StorageError`; FileExistsError where a final name is taken.
    """
    if not names:
        return
    folder = names[0][0].parent
    with storage_errors(folder):
        _sync_file_system(folder, [temporary for temporary, _ in names])
        for temporary, final in names:
            if final.exists():
                raise FileExistsError(final)
            final.parent.mkdir(parents=True, exist_ok=True)
            temporary.rename(final)
        _sync_file_system(folder, sorted({parent for _, final in names for parent in final.parents[:4]}))


def _sync_file_system(folder: Path, paths: Sequence[Path]) -> None:
    """Bring all of the file system of `folder` to the disk; where that cannot be asked for, `paths` one by one.

    `syncfs(2)` reports errors of writing since Linux 5.8.
    """
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:
        for path in paths:
            _fsync(path)
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if syncfs(descriptor):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(folder))
    finally:
        os.close(descriptor)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_file_durably(path: Path, data: bytes) -> None:
    """Write `data` to `path`, replacing what was there in one step. Raises `StorageError`."""
    with storage_errors(path):
        make_directories(path.parent)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(file.fileno(), _MODE)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                Path(name).unlink()
            raise
        fsync_directory(path.parent)


class IncomingFile:
    """A temporary file that either gets its final name, whole and durable, or leaves no trace.

    What fits into one buffer, as most submissions do, is written, synced and named in one go, in one thread.

    >>> async with IncomingFile(folder, stem="0001193125-04-218426") as file:   # doctest: +SKIP
    ...     await file.write(chunk)
    ...     await file.publish(final)
    """

    def __init__(self, folder: Path, *, stem: str) -> None:
        self._folder = folder
        self._stem = stem
        self._path: Path | None = None
        self._file: AsyncFileIO | None = None
        self._buffer: list[bytes] = []
        self._buffered = 0
        self.size = 0

    async def __aenter__(self) -> Self:
        return self

    async def write(self, data: bytes) -> None:
        """Append `data`. Raises `StorageError`."""
        self.size += len(data)
        self._buffer.append(data)
        self._buffered += len(data)
        if self._buffered >= _BUFFER_BYTES:
            await self._flush()

    async def publish(self, final: Path) -> None:
        """Sync the bytes and give them their `final` name. Raises `StorageError`, or FileExistsError."""
        await self._finish(publish, final)

    async def publish_over(self, final: Path) -> None:
        """Sync the bytes and give them the name of the file `final`, in its stead. Raises `StorageError`."""
        await self._finish(publish_over, final)

    async def keep_as(self, path: Path) -> None:
        """Move the bytes to `path` (in the quarantine), replacing what is there. Raises `StorageError`."""
        await self._finish(_replace, path)

    async def _finish(self, give_name: Callable[[Path, Path], None], final: Path) -> None:
        """Bring all bytes to the disk and give them their name."""
        if self._file is None:
            data, self._buffer, self._buffered = b"".join(self._buffer), [], 0
            await _in_thread(self._write_at_once, data, give_name, final)
            return
        await self._flush()
        with storage_errors(final):
            await asyncio.to_thread(os.fsync, self._file.fileno())
            await self._file.close()
            await _in_thread(give_name, self._temporary, final)
        self._path = None

    def _write_at_once(self, data: bytes, give_name: Callable[[Path, Path], None], final: Path) -> None:
        with storage_errors(final):
            with os.fdopen(self._open(), "wb", buffering=0) as file:
                view = memoryview(data)
                while view:
                    view = view[file.write(view) :]
                os.fsync(file.fileno())
            give_name(self._temporary, final)
        self._path = None

    def _open(self) -> int:
        """Make the temporary file; returns its descriptor."""
        self._folder.mkdir(exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f"{self._stem}.", suffix=".part", dir=self._folder)
        self._path = Path(name)
        os.fchmod(descriptor, _MODE)
        return descriptor

    @property
    def _temporary(self) -> Path:
        if self._path is None:
            raise ValueError("the incoming file is not open")
        return self._path

    async def _flush(self) -> None:
        view = memoryview(b"".join(self._buffer))
        self._buffer, self._buffered = [], 0
        with storage_errors(self._folder):
            if self._file is None:
                self._file = await aiofiles.open(await asyncio.to_thread(self._open), "wb", buffering=0)
            while view:
                view = view[await self._file.write(view) :]

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                await self._file.close()
        if self._path is not None:
            with contextlib.suppress(FileNotFoundError):
                self._path.unlink()


async def _in_thread(work: Callable[..., None], *arguments: object) -> None:
    """Do `work` in a thread. Nothing stops a thread, so a cancelled task waits for its end before it cleans up."""
    thread = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        await asyncio.shield(thread)
    except asyncio.CancelledError:
        await asyncio.wait([thread])
        raise


def _replace(temporary: Path, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    temporary.replace(path)
