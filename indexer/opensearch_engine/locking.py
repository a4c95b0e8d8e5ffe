"""The lock of the writers of an index: each locks the bytes that represent its share.

Overlapping shares lock common bytes and exclude each other. The locks are byte-range locks, per open file where
supported (Linux). They work across machines on storage that supports locks, such as NFS, and end with their process.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import sys
from pathlib import Path

from archiver.errors import LockedError
from archiver.store.durable import storage_errors
from indexer.archive.share import Share

_LOCK = "writer.lock"
_PRESENCE = (0, 1)
"""The byte that all writers share while they work, as offset and length; the last one locks it exclusively."""

_EVERYTHING = (1, 0)
"""All bytes after that one."""


class WriterLock:
    """The lock on `share` of the index in folder `path`; without a share, on all of it."""

    def __init__(self, path: Path, share: Share | None) -> None:
        self._path = path
        self._share = share
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether it has been taken."""
        return self._descriptor is not None

    def take(self) -> None:
        """Take the lock. Raises `LockedError` if another writer holds part of it, `StorageError`."""
        with storage_errors(self._path):
            descriptor = os.open(self._path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(descriptor, _PRESENCE, fcntl.F_RDLCK, wait=True)  # while a last writer cleans up
            ranges = [_EVERYTHING] if self._share is None else self._share.ranges()
            if not all(_lock(descriptor, span, fcntl.F_WRLCK) for span in ranges):
                what = "the index" if self._share is None else f"the share {self._share.name} of the index"
                raise LockedError(f"another edgarchive is writing to {what} in {self._path}", "wait until it has ended")
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def is_last(self) -> bool:
        """Whether no other writer is active; then none can begin before `release`."""
        return self._descriptor is not None and _lock(self._descriptor, _PRESENCE, fcntl.F_WRLCK)

    def release(self) -> None:
        """Release the lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _lock(descriptor: int, span: tuple[int, int], kind: int, *, wait: bool = False) -> bool:
    """Whether these bytes are now locked by us."""
    start, length = span
    try:
        if sys.platform == "linux":
            wanted = struct.pack("hhqqi", kind, os.SEEK_SET, start, length, 0)
            call = fcntl.F_OFD_SETLKW if wait else fcntl.F_OFD_SETLK
            fcntl.fcntl(descriptor, call, wanted + bytes(-len(wanted) % 8))
        else:  # per process: two writers in one process do not exclude each other
            how = fcntl.LOCK_SH if kind == fcntl.F_RDLCK else fcntl.LOCK_EX
            fcntl.lockf(descriptor, how if wait else how | fcntl.LOCK_NB, length, start)
    except OSError as error:
        if error.errno in {errno.EAGAIN, errno.EACCES}:
            return False
        raise
    return True
