"""Durable writes: temporary file, fsync, rename, fsync of the folder.

A name appears only after its bytes are on disk, and survives a power failure because the folder is synced too (POSIX
does not make a rename durable by itself).
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from archiver.errors import StorageError
from archiver.runtime.paths import exists, is_dir, is_taken

_MODE = 0o666
"""The umask is subtracted, which decides who may read an archive; `mkstemp` would restrict each file to its owner."""

OWNER_WRITES = 0o644
"""The mode of a file that nobody but its owner may ever write to, whatever the umask."""

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}
"""Errors of link(2) where there are no hard links, or not another one to this file."""
_NO_MODES = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS}
"""Errors of chmod(2) on a file system without modes."""


@contextlib.contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Translate an `OSError` of writing below `path` to a `StorageError` with advice; FileExistsError passes."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageError(f"no room left for {path}", "free some space and run the same command again") from error
        reason = (error.strerror or str(error)).lower()
        elsewhere = error.errno == errno.EXDEV  # one of the folders is a link or a mount
        hint = "keep all of the archive on one file system" if elsewhere else "check the folder and its permissions"
        raise StorageError(f"cannot write {path}: {reason}", hint) from error


@contextlib.contextmanager
def reading_errors(path: Path) -> Iterator[None]:
    """Translate an `OSError` of reading `path` to a `StorageError`."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StorageError(f"cannot read {path}: {reason}", "check its permissions") from error


def read_plain_file(path: Path) -> bytes:
    """The content of a small file of ours. Raises OSError, also for anything but a regular file.

    Opening a pipe would wait for a writer, and a link may lead to a device that has no end.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        return file.read()


def files_in(folder: Path, *, suffix: str) -> list[Path]:
    """The paths in `folder` whose names end with `suffix`, in order; none if there is no such folder. Raises OSError.

    `Path.glob` hides errors since Python 3.13, so that a folder which cannot be read seems to be empty.
    """
    try:
        return sorted(path for path in folder.iterdir() if path.name.endswith(suffix))
    except (FileNotFoundError, NotADirectoryError):
        return []


def remove_folder(path: Path, *, ignore_errors: bool = False) -> None:
    """Delete the folder `path` with all in it, or what is in its place. Of a link, what it leads to stays.

    `shutil.rmtree` alone refuses links, and opens what it is to delete, and would wait for the writer of a pipe.
    """
    try:
        if not stat.S_ISDIR(path.lstat().st_mode):
            path.unlink()
            return
    except (FileNotFoundError, NotADirectoryError):
        return
    shutil.rmtree(path, ignore_errors=ignore_errors)


def set_mode(file: Path | int, mode: int) -> None:
    """Set the mode of a file or folder of ours. Raises OSError.

    On a file system without modes, such as exFAT, it keeps the one that all files have there.
    """
    try:
        os.chmod(file, mode)  # noqa: PTH101 — an open file, too
    except OSError as error:
        if error.errno not in _NO_MODES:
            raise


def fsync_directory(path: Path) -> None:
    """Make the names in folder `path` durable, as far as its file system syncs folders. Raises OSError."""
    try:
        fsync_file(path)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise


def make_directories(path: Path) -> None:
    """Create folder `path` and its missing parents, each name durable in its own parent."""
    missing = []
    while not is_dir(path):
        if is_taken(path) and not is_dir(path):  # another thread may just have created it
            raise NotADirectoryError(errno.ENOTDIR, "there is a file where a folder should be", str(path))
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        fsync_directory(folder.parent)


def create_temporary(folder: Path, *, stem: str, mode: int = _MODE) -> tuple[int, Path]:
    """Create ``{stem}.{random}.part`` in `folder`; returns its descriptor, open for writing, and its path.

    `mode` is that of the file, minus the umask. Raises OSError.
    """
    make_directories(folder)
    path = folder / f"{stem}.{os.urandom(8).hex()}.part"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), path


def publish(temporary: Path, final: Path) -> None:
    """Rename the synced file `temporary` to `final`, durably. Never replaces a file: raises FileExistsError.

    Checking first is enough, because an archive has only one writer.
    """
    make_directories(final.parent)
    if exists(final):
        raise FileExistsError(final)
    temporary.rename(final)
    fsync_directory(final.parent)


def add_name(final: Path, second: Path, *, through: Path) -> None:
    """Give the file `final` a second name, durably, so that another file may take the first. Raises `StorageError`.

    Where the file system has no hard links, it is copied, through the folder `through`.
    """
    with storage_errors(second):
        make_directories(second.parent)
        if not exists(second):
            try:
                os.link(final, second)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                _copy(final, second, through=through)
        fsync_directory(second.parent)


def _copy(final: Path, second: Path, *, through: Path) -> None:
    with _new_file(second, through=through) as copy, final.open("rb") as file:
        shutil.copyfileobj(file, copy)


@contextlib.contextmanager
def _new_file(path: Path, *, through: Path, mode: int = _MODE) -> Iterator[BinaryIO]:
    """A file in `through` to write to; at the end it is synced and moved to `path`, or after an error removed."""
    descriptor, temporary = create_temporary(through, stem=f".{path.name}", mode=mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        raise


def replace_durably(path: Path, place: Path) -> None:
    """Move `path` to `place`, durably, replacing what is there. `place` exists at every moment."""
    make_directories(place.parent)
    path.replace(place)
    fsync_directory(place.parent)


def publish_together(names: Sequence[tuple[Path, Path]]) -> None:
    """Rename temporary, unsynced files to their final names, durably, with two syncs of the file system.

    `names` are pairs of temporary and final path on one file system. The bytes are on disk before the first name
    appears, and all names before this returns. Raises `StorageError`, and FileExistsError if a final name is taken.
    """
    if not names:
        return
    folder = names[0][0].parent
    with storage_errors(folder):
        sync_together(folder, [temporary for temporary, _ in names])
        for temporary, final in names:
            if exists(final):
                raise FileExistsError(final)
            final.parent.mkdir(parents=True, exist_ok=True)
            temporary.rename(final)
        sync_together(folder, sorted({parent for _, final in names for parent in final.parents[:4]}))


def sync_together(folder: Path, paths: Sequence[Path]) -> None:
    """Sync the file system of `folder`; where that is not supported, sync `paths` individually. Raises OSError.

    `syncfs(2)` reports write errors since Linux 5.8.
    """
    import ctypes  # noqa: PLC0415 — a reader never gets here

    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:
        for path in paths:
            fsync_file(path)
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if syncfs(descriptor):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(folder))
    finally:
        os.close(descriptor)


def fsync_file(path: Path) -> None:
    """Sync the file or folder `path` to disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_file_durably(
    path: Path,
    data: bytes,
    *,
    through: Path | None = None,
    before_rename: Callable[[int], None] | None = None,
    mode: int = _MODE,
) -> None:
    """Write `data` to `path` atomically, replacing what is there. Raises `StorageError`.

    `mode` is that of the file, minus the umask. A kill may leave a temporary file in the folder `through`, or beside
    `path` if it is not given. `before_rename` is called with the descriptor of the file before it gets its name.
    """
    with storage_errors(path):
        make_directories(path.parent)
        with _new_file(path, through=through or path.parent, mode=mode) as file:
            file.write(data)
            if before_rename is not None:
                before_rename(file.fileno())
        fsync_directory(path.parent)
