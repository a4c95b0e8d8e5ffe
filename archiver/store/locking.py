"""The locks of an archive: one writer, or any number of processes that need it unchanged."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from archiver.catalogue.catalogue import Catalogue
from archiver.catalogue.database import has_log
from archiver.errors import LockedError, StorageError
from archiver.store.durable import make_directories, reading_errors, storage_errors
from archiver.store.layout import Layout

_TURN = "turn.lock"
_ATTEMPTS = 4
"""Attempts to get a lock, since checking whether another process writes holds it for a moment."""
_BETWEEN_ATTEMPTS_S = 0.05


def lock_for_writing(layout: Layout) -> int:
    """Take the writer's lock on ``format.json``; returns the descriptor that holds it until closed.

    Raises `LockedError`, `StorageError`.
    """
    return _lock(layout, os.O_RDWR, fcntl.LOCK_EX)


def lock_for_sharing(layout: Layout) -> int:
    """Take the shared lock, which excludes writers. Raises `LockedError`, `StorageError`.

    Before that, the log left by a killed writer is merged into the catalogue, because processes that share the lock
    read the catalogue's file alone.
    """
    with turn(layout):
        if has_log(layout.catalogue):
            lock = lock_for_writing(layout)
            try:
                Catalogue(layout.catalogue, writable=True).close()
            finally:
                os.close(lock)
        return _lock(layout, os.O_RDONLY, fcntl.LOCK_SH)


def _lock(layout: Layout, mode: int, kind: int) -> int:
    with storage_errors(layout.format_file):
        descriptor = os.open(layout.format_file, mode | os.O_NONBLOCK | os.O_CLOEXEC)
    for attempt in range(_ATTEMPTS):
        if _is_locked(descriptor, kind, layout):
            return descriptor
        if attempt < _ATTEMPTS - 1:
            time.sleep(_BETWEEN_ATTEMPTS_S)
    os.close(descriptor)
    raise LockedError(f"another edgarchive is writing to {layout.root}", "wait until it ends, or stop it")


def _is_locked(descriptor: int, kind: int, layout: Layout) -> bool:
    """Whether the lock could be taken; the descriptor is closed if an error ends the attempt. Raises `StorageError`."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:  # a network drive may have no locks
        os.close(descriptor)
        reason = (error.strerror or str(error)).lower()
        raise StorageError(f"cannot lock {layout.format_file}: {reason}", "use a file system with locks") from error
    return True


def lock_for_watching(layout: Layout) -> int | None:
    """Take the lock on ``submissions/`` that a watch holds; returns the descriptor that holds it until closed.

    None if there is no archive yet, or on a file system without such locks. Raises `LockedError`, `StorageError`.
    """
    with reading_errors(layout.submissions):
        try:
            descriptor = os.open(layout.submissions, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise LockedError(
            f"another `edgarchive watch` watches {layout.root}",
            "run one `watch` with all selections and receivers",
        ) from None
    except OSError:  # a network drive locks no folder
        os.close(descriptor)
        return None
    return descriptor


def is_being_written(layout: Layout) -> bool:
    """Whether another process holds the writer's lock. Raises `StorageError`."""
    with reading_errors(layout.format_file):
        descriptor = os.open(layout.format_file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not _is_locked(descriptor, fcntl.LOCK_SH, layout):
        os.close(descriptor)
        return True
    os.close(descriptor)
    return False


def lock_at(path: Path, mode: int, kind: int) -> int | None:
    """Open and lock what is at `path` with these flags of open(2) and flock(2); returns the descriptor.

    None if it was replaced, moved or removed before the lock was taken: then it locks nothing at `path`. Raises
    OSError, and BlockingIOError if another process has the lock and `kind` does not wait.
    """
    descriptor = os.open(path, mode | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, kind)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat(follow_symlinks=not mode & os.O_NOFOLLOW)):
                return descriptor
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


@contextlib.contextmanager
def turn(layout: Layout) -> Iterator[None]:
    """Wait while any process on any machine creates something in this shared archive, and make others wait.

    It uses a file opened for writing, because NFS supports nothing less across machines (flock(2)). Raises
    `StorageError`.
    """
    with storage_errors(layout.incoming):
        make_directories(layout.incoming)
        descriptor = os.open(layout.incoming / _TURN, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with storage_errors(layout.incoming):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def only_creator(root: Path) -> Iterator[None]:
    """Let only one process create an archive: there is no ``format.json`` to lock yet."""
    descriptor = os.open(root, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
