"""Opening files to import: folders, gzip, tar and zip, recognised by content and not by name."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from archiver.errors import DamagedBodyError, StorageError
from archiver.reports import SkippedFile, SyncFailure
from archiver.startup.dataclass import dataclass
from archiver.streams.chunks import ChunkReader
from archiver.streams.decoding import gunzip
from archiver.streams.tar import BLOCK, is_tar, tar_members

try:
    import lzma
except ImportError:  # a Python without it opens no such member either
    lzma = None  # type: ignore[assignment]  # asked for below

MOST_MEMBERS = 10_000_000
"""Maximum members of a tar archive; EDGAR's busiest year has a tenth of it."""

_READ_BYTES = 1 << 18
_GZIP_MAGIC = b"\x1f\x8b"
_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_ERRORS = (
    *(DamagedBodyError, OSError, EOFError, RuntimeError, NotImplementedError, ValueError),
    *(zipfile.BadZipFile, zlib.error, *((lzma.LZMAError,) if lzma else ())),
)
"""What a file that cannot be read, or a damaged one, raises."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may be a submission: its path, a member's name after ``!``, and its decoded bytes, to be read now."""

    name: str
    reader: ChunkReader


def candidates(paths: Iterable[Path], *, outside: Path) -> Iterator[Candidate | SkippedFile | SyncFailure]:
    """Every file in `paths` and below, opened; a `SkippedFile` for what holds no submission that could be read.

    A `SyncFailure` is a file or folder that cannot be read to its end, so there may be more submissions in it. Each
    candidate must be read before the next. Links to folders are not followed, and the folder `outside`, the archive
    itself, is skipped.
    """
    for path in paths:
        for file in _files(path, outside=outside.resolve()):
            if isinstance(file, OSError):
                yield _failure(os.fsdecode(file.filename), file)
                continue
            try:
                yield from _opened(file)
            except _ERRORS as error:
                yield _failure(str(file), error)


def _failure(name: str, error: Exception) -> SyncFailure:
    kind = StorageError if isinstance(error, OSError) else DamagedBodyError
    return SyncFailure(None, name, kind.__name__, _message(error))


def _message(error: Exception) -> str:
    if isinstance(error, DamagedBodyError):
        return error.message
    reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
    return f"it cannot be read: {reason or 'it is cut off'}"


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    """The content of an open file or member. Raises `DamagedBodyError` if it cannot be read to its end."""
    try:
        while chunk := file.read(_READ_BYTES):
            yield chunk
    except _ERRORS as error:
        raise DamagedBodyError(_message(error)) from error


def _files(path: Path, *, outside: Path) -> Iterator[Path | OSError]:
    """The files in `path` and below, and the error of each folder that cannot be listed."""
    if not path.is_dir():
        yield path
        return
    errors: list[OSError] = []
    for folder, names, files in os.walk(path, onerror=errors.append):
        here = Path(folder)
        names[:] = sorted(name for name in names if (here / name).resolve() != outside)
        if here.resolve() != outside:
            yield from (here / name for name in sorted(files))
        else:
            names.clear()
    yield from errors


def _opened(path: Path) -> Iterator[Candidate | SkippedFile | SyncFailure]:
    if not path.is_file():  # checked first: opening a pipe would wait for a writer
        yield SkippedFile(str(path), "it is not a regular file")
        return
    with path.open("rb") as file:
        reader = ChunkReader(_chunks(file))
        if reader.peek(4).startswith(_ZIP_MAGIC):
            yield from _zip(path)
        else:
            yield from _unpacked(str(path), reader)


def _unpacked(name: str, reader: ChunkReader, *, inside: bool = False) -> Iterator[Candidate | SkippedFile]:
    """The content at the start of `reader`: a file, gzip of one, a tar archive, or gzip of that."""
    if reader.peek(2) == _GZIP_MAGIC:
        reader = ChunkReader(gunzip(reader.portions()))
    is_packed = is_tar(reader.peek(BLOCK))
    if inside and (is_packed or reader.peek(4).startswith(_ZIP_MAGIC)):
        yield SkippedFile(name, "an archive inside an archive is not opened; unpack the outer one")
    elif not is_packed:
        yield Candidate(name, reader)
    else:
        for member in tar_members(reader, most=MOST_MEMBERS):
            if member.is_file:
                yield from _unpacked(f"{name}!{member.name}", ChunkReader(member.content), inside=True)


def _zip(path: Path) -> Iterator[Candidate | SkippedFile | SyncFailure]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            name = f"{path}!{info.filename}"
            if info.flag_bits & 1:
                yield _failure(name, DamagedBodyError("it is encrypted: unpack it, then import what was in it"))
                continue
            try:
                with archive.open(info) as member:
                    yield from _unpacked(name, ChunkReader(_chunks(member)), inside=True)
            except _ERRORS as error:
                yield _failure(name, error)
