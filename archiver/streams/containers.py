"""Opening files to import: folders, gzip, tar and zip, recognised by content and not by name."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from archiver.errors import DamagedBodyError
from archiver.reports import SkippedFile
from archiver.startup.dataclass import dataclass
from archiver.streams.chunks import ChunkReader
from archiver.streams.decoding import gunzip
from archiver.streams.tar import BLOCK, is_tar, tar_members

MOST_MEMBERS = 10_000_000
"""Maximum members of a tar archive; EDGAR's busiest year has a tenth of it."""

_READ_BYTES = 1 << 18
_GZIP_MAGIC = b"\x1f\x8b"
_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may be a submission: its path, a member's name after ``!``, and its decoded bytes, to be read now."""

    name: str
    reader: ChunkReader


def candidates(paths: Iterable[Path], *, outside: Path) -> Iterator[Candidate | SkippedFile]:
    """Every file in `paths` and below, opened; a `SkippedFile` for what cannot be opened or is damaged.

    Each must be read before the next. Links to folders are not followed, and the folder `outside`, the archive itself,
    is skipped.
    """
    for path in paths:
        for file in _files(path, outside=outside.resolve()):
            try:
                yield from _opened(file)
            except (
                DamagedBodyError,
                OSError,
                zipfile.BadZipFile,
                zlib.error,
                RuntimeError,
                NotImplementedError,
            ) as error:
                yield SkippedFile(str(file), getattr(error, "message", None) or f"it cannot be read: {error}")


def _files(path: Path, *, outside: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, names, files in os.walk(path):
        here = Path(folder)
        names[:] = sorted(name for name in names if (here / name).resolve() != outside)
        if here.resolve() != outside:
            yield from (here / name for name in sorted(files))
        else:
            names.clear()


def _opened(path: Path) -> Iterator[Candidate | SkippedFile]:
    if not path.is_file():  # checked first: opening a pipe would wait for a writer
        yield SkippedFile(str(path), "it is no plain file")
        return
    with path.open("rb") as file:
        reader = ChunkReader(iter(lambda: file.read(_READ_BYTES), b""))
        if reader.peek(4).startswith(_ZIP_MAGIC):
            yield from _zip(path)
        else:
            yield from _unpacked(str(path), reader)


def _unpacked(name: str, reader: ChunkReader, *, inside: bool = False) -> Iterator[Candidate | SkippedFile]:
    """The content at the start of `reader`: a file, gzip of one, a tar archive, or gzip of that."""
    if reader.peek(2) == _GZIP_MAGIC:
        reader = ChunkReader(gunzip(reader.portions()))
    if not is_tar(reader.peek(BLOCK)):
        yield Candidate(name, reader)
    elif inside:
        yield SkippedFile(name, "an archive inside an archive is not opened; unpack the outer one")
    else:
        for member in tar_members(reader, most=MOST_MEMBERS):
            if member.is_file:
                yield from _unpacked(f"{name}!{member.name}", ChunkReader(member.content), inside=True)


def _zip(path: Path) -> Iterator[Candidate | SkippedFile]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            name = f"{path}!{info.filename}"
            if info.flag_bits & 1:
                yield SkippedFile(name, "it is encrypted; unpack it yourself")
                continue
            with archive.open(info) as member:
                reader = ChunkReader(iter(lambda m=member: m.read(_READ_BYTES), b""))  # type: ignore[misc]
                yield from _unpacked(name, reader, inside=True)
