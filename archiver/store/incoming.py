"""A file being written: it either gets its final name, complete and durable, or leaves no trace."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import aiofiles
from aiofiles.threadpool.binary import AsyncFileIO

from archiver.runtime.blocking import in_thread
from archiver.store.durable import create_temporary, replace_durably, storage_errors

_BUFFER_BYTES = 1 << 20
"""Network chunks are collected up to this size before a thread writes them."""


class IncomingFile:
    """A temporary file that either gets its final name, whole and durable, or leaves no trace.

    What fits into one buffer, as most submissions do, is written, synced and named in one go, in one thread.

    >>> async with IncomingFile(folder, stem="0001193125-04-218426") as file:   # doctest: +SKIP
    ...     await file.write(chunk)
    ...     await file.publish_over(final)
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

    async def publish_over(self, final: Path) -> None:
        """Sync the file and rename it to `final`, replacing that file. Raises `StorageError`."""
        await self._finish(replace_durably, final)

    async def move(self, move: Callable[[Path], object]) -> None:
        """Sync the file and call `move` with its temporary path."""
        await self._finish(lambda temporary, _: move(temporary), self._folder)

    async def _finish(self, give_name: Callable[[Path, Path], object], final: Path) -> None:
        """Sync the remaining bytes and rename the file."""
        if self._file is None:
            data, self._buffer, self._buffered = b"".join(self._buffer), [], 0
            await in_thread(self._write_at_once, data, give_name, final)
            return
        await self._flush()
        with storage_errors(final):
            await asyncio.to_thread(os.fsync, self._file.fileno())
            await self._file.close()
            await in_thread(give_name, self._temporary, final)
        self._path = None

    def _write_at_once(self, data: bytes, give_name: Callable[[Path, Path], object], final: Path) -> None:
        with storage_errors(final):
            with os.fdopen(self._open(), "wb", buffering=0) as file:
                view = memoryview(data)
                while view:
                    view = view[file.write(view) :]
                os.fsync(file.fileno())
            give_name(self._temporary, final)
        self._path = None

    def _open(self) -> int:
        """Create the temporary file; returns its descriptor."""
        descriptor, self._path = create_temporary(self._folder, stem=self._stem)
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
