"""Opening files to import: folders, gzip, tar and zip, recognised by content and not by name."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import IO

from archiver.errors import DamagedBodyError, StorageError
from archiver.reports import SkippedFile, SyncFailure
from archiver.runtime.paths import is_dir, is_file, is_taken
from archiver.runtime.walking import walk
from archiver.startup.dataclass import dataclass
from archiver.streams.chunks import ChunkReader
from archiver.streams.decoding import ContentDecoder, gunzip
from archiver.streams.tar import BLOCK, is_tar, tar_members

try:
    import lzma
except ImportError:  # a Python without it opens no such member either
    lzma = None  # type: ignore[assignment]  # asked for below

MOST_MEMBERS = 10_000_000
"""Maximum members of a tar archive; EDGAR's busiest year has a tenth of it."""

_LINK = "it is a link to a folder, which is not followed: name the folder itself"
_ODD = "it is not a regular file, but a link, a device, a pipe or a sparse file"
_LONGEST_NAME = 300
"""Characters of a member's name in messages."""
_LOCAL_HEADER_BYTES = 30
_READ_BYTES = 1 << 18
_GZIP_MAGIC = b"\x1f\x8b"
_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_OTHER_PACKERS = {
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x1f\x9d": "compress",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!": "rar",
    _GZIP_MAGIC: "gzip twice",
}
"""The beginnings of files that must be unpacked by another program."""
_ERRORS = (
    *(DamagedBodyError, OSError, EOFError, RuntimeError, NotImplementedError, ValueError),
    *(zipfile.BadZipFile, zlib.error, *((lzma.LZMAError,) if lzma else ())),
)
"""What a file that cannot be read, or a damaged one, raises."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may be a submission: its path, a member's name after ``!``, and its decoded bytes, to be read now.

    The end of what `is_packed` tells whether its beginning was decoded rightly.
    """

    name: str
    reader: ChunkReader
    is_packed: bool


def candidates(paths: Iterable[Path], *, outside: Path) -> Iterator[Candidate | SkippedFile | SyncFailure]:
    """Every file in `paths` and below, opened; a `SkippedFile` for what holds no submission that could be read.

    A `SyncFailure` is a file or folder that cannot be read to its end, so there may be more submissions in it. Each
    candidate must be read before the next. Links to folders are named but not followed, and the folder `outside`, the
    archive itself, is left out.
    """
    for path in paths:
        for file in _files(path, outside=outside):
            if isinstance(file, OSError):
                yield _failure(os.fsdecode(file.filename), file)
                continue
            if isinstance(file, SkippedFile):
                yield file
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


def _files(path: Path, *, outside: Path) -> Iterator[Path | SkippedFile | OSError]:
    """The files in `path` and below, links to folders, and the error of each folder that cannot be listed."""
    if not is_dir(path):
        yield path
        return
    if is_dir(outside) and path.samefile(outside):
        yield SkippedFile(str(path), "it is the archive itself")
        return
    for folder, names, error in walk(path, without=outside):
        yield from (Path(folder, name) for name in sorted(names.files))
        yield from (SkippedFile(str(Path(folder, name)), _LINK) for name in sorted(names.links))
        if error is not None:
            yield error


def _opened(path: Path) -> Iterator[Candidate | SkippedFile | SyncFailure]:
    if not is_taken(path):
        raise DamagedBodyError("it was removed before it could be read")
    if not is_file(path):  # checked first: opening a pipe would wait for a writer
        yield SkippedFile(str(path), "it is not a regular file")
        return
    with path.open("rb") as file:
        reader = ChunkReader(_chunks(file))
        if reader.peek(4).startswith(_ZIP_MAGIC):
            yield from _zip(path)
        else:
            yield from _unpacked(str(path), reader, path=path)


def _unpacked(name: str, reader: ChunkReader, *, path: Path | None = None) -> Iterator[Candidate | SkippedFile]:
    """The content at the start of `reader`: a file, gzip of one, a tar archive, or gzip of that.

    `path` is that of the file; None if it is inside an archive.
    """
    inside, is_gzip = path is None, reader.peek(2) == _GZIP_MAGIC
    if is_gzip:
        reader = ChunkReader(gunzip(reader.portions()))
    head = reader.peek(BLOCK)
    is_archive = is_tar(head)
    packer = next((program for magic, program in _OTHER_PACKERS.items() if head.startswith(magic)), None)
    if packer is not None:
        yield SkippedFile(name, f"it is packed by {packer}, which is not opened; unpack it")
    elif (inside and is_archive) or head.startswith(_ZIP_MAGIC):
        yield SkippedFile(name, "an archive inside an archive is not opened; unpack the outer one")
    elif not is_archive:
        yield Candidate(name, reader, is_packed=inside or is_gzip)
    else:
        if path is not None and is_gzip:
            _check_sums(path)
        for member in tar_members(reader, most=MOST_MEMBERS):
            if member.is_file:
                yield from _unpacked(_member(name, member.name), ChunkReader(member.content))
            elif not member.is_folder:
                yield SkippedFile(_member(name, member.name), _ODD)


def _check_sums(path: Path) -> None:
    """Raise `DamagedBodyError` if a gzip file is damaged, but not if it is only cut, or something else follows it.

    Its checksum is at its end, and decoding may go wrong long before that shows, so no member of it can be trusted.
    """
    decoder = ContentDecoder("gzip", may_be_endless=False)
    with path.open("rb") as file:
        for packed in _chunks(file):
            try:
                for _ in decoder.decode(packed):
                    pass
            except DamagedBodyError:
                if decoder.is_whole:
                    return
                raise


def _zip(path: Path) -> Iterator[Candidate | SkippedFile | SyncFailure]:
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        if infos and all(info.header_offset for info in infos):
            yield _failure(str(path), DamagedBodyError("several archives are joined in it, and only the last is read"))
        overlapping = _overlapping(infos)
        for info in infos:
            if info.is_dir():
                continue
            name = _member(str(path), info.filename)
            if info.flag_bits & 1:
                yield _failure(name, DamagedBodyError("it is encrypted: unpack it, then import what was in it"))
                continue
            if info.header_offset in overlapping:
                yield _failure(name, DamagedBodyError("its bytes are those of another member, too: a zip bomb"))
                continue
            try:
                with archive.open(info) as member:
                    yield from _unpacked(name, ChunkReader(_chunks(member)))
            except _ERRORS as error:
                yield _failure(name, error)


def _overlapping(infos: Iterable[zipfile.ZipInfo]) -> set[int]:
    """The offsets of members that overlap the next one: unpacking the same bytes again takes time without bound."""
    spans = sorted((info.header_offset, info.compress_size) for info in infos)
    return {start for (start, size), (after, _) in pairwise(spans) if start + _LOCAL_HEADER_BYTES + size > after}


def _member(path: str, name: str) -> str:
    """A member's name for messages: an archive of some megabytes may have gigabytes of names."""
    return f"{path}!{name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + '…'}"
