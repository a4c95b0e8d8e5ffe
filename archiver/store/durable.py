"""Writing so that what is visible is whole: temporary file, fsync, rename, fsync of the folder.

A name appears only once its bytes are on the disk, and it stays after a power cut because the folder is synced too
(POSIX leaves a rename undurable until then).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

from archiver.errors import StorageError

_MODE = 0o666
"""Less the umask, which says who may read an archive; `mkstemp` would keep each file to its writer."""

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
            raise NotADirectoryError(errno.ENOTDIR, "there is a file where a folder should be", str(path))
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        fsync_directory(folder.parent)


def create_temporary(folder: Path, *, stem: str) -> tuple[int, Path]:
    """Create ``{stem}.{random}.part`` in `folder`; returns its descriptor, open for writing, and its path.

    Raises OSError.
    """
    make_directories(folder)
    path = folder / f"{stem}.{secrets.token_hex(8)}.part"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE), path


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


def replace_durably(path: Path, place: Path) -> None:
    """Move `path` to `place`, durably, over what stands there. At no moment is there no `place`."""
    make_directories(place.parent)
    path.replace(place)
    fsync_directory(place.parent)


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


def write_file_durably(path: Path, data: bytes, *, through: Path | None = None) -> None:
    """Write `data` to `path`, replacing what was there in one step. Raises `StorageError`.

    A kill may leave a temporary file in the folder `through`, or, without one, beside `path`.
    """
    with storage_errors(path):
        make_directories(path.parent)
        descriptor, temporary = create_temporary(through or path.parent, stem=f".{path.name}")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
            raise
        fsync_directory(path.parent)
