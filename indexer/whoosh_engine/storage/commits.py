"""Commits: Whoosh's table of contents, and checksums of all its files in the format of ``sha256sum --check``.

Whoosh itself syncs nothing and has no checksums: a flipped bit in a segment would silently change results.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from whoosh.filedb.filestore import RamStorage
from whoosh.index import _DEF_INDEX_NAME as INDEX_NAME
from whoosh.index import TOC

from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern
from archiver.store.durable import OWNER_WRITES, write_file_durably

_LINES = lazy_pattern(r"^# ([0-9]+) bytes\n([0-9a-f]{64})  (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Checksum:
    """The size of a file in bytes, and its sha256 in hex."""

    size: int
    sha256: str

    @classmethod
    def of_file(cls, path: Path) -> Checksum:
        """The checksum of a file. Raises `OSError`."""
        with path.open("rb") as file:
            return cls(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


@dataclass(frozen=True, slots=True)
class Segment:
    """A finished segment: Whoosh's description of it, its file, and the file's checksum."""

    whoosh: Any
    path: Path
    checksum: Checksum


def contents_file(folder: Path, generation: int) -> Path:
    """The table of contents of a commit."""
    return folder / str(TOC._filename(INDEX_NAME, generation))  # noqa: SLF001 — its only name


def checksums_file(folder: Path, generation: int) -> Path:
    """The checksums of a commit."""
    return contents_file(folder, generation).with_suffix(".sha256")


def segment_file(segment: Any) -> str:
    """The name of a segment's file."""
    return str(segment.make_filename(segment.COMPOUND_EXT))


def commit(folder: Path, toc: TOC, sums: Mapping[str, Checksum]) -> None:
    """Make `toc` the newest table of contents of the index in `folder`, durably; before it, the checksums.

    `sums` has those of segments by the names of their files; a segment without one can never be verified.
    Raises `StorageError`.
    """
    memory = RamStorage()
    toc.write(memory, INDEX_NAME)
    path = contents_file(folder, toc.generation)
    data = bytes(memory.files[path.name])
    names = [segment_file(segment) for segment in toc.segments]
    kept = {name: sums[name] for name in names if name in sums}
    kept[path.name] = Checksum(len(data), hashlib.sha256(data).hexdigest())
    lines = "".join(f"# {sum_.size} bytes\n{sum_.sha256}  {name}\n" for name, sum_ in sorted(kept.items()))
    write_file_durably(checksums_file(folder, toc.generation), lines.encode(), mode=OWNER_WRITES)
    write_file_durably(path, data, mode=OWNER_WRITES)


def read_checksums(folder: Path, generation: int) -> dict[str, Checksum]:
    """The checksum of each file of a commit, by name; empty if there are none."""
    try:
        text = checksums_file(folder, generation).read_text("utf-8", errors="replace")
    except OSError:
        return {}
    return {match[3]: Checksum(int(match[1]), match[2]) for match in _LINES.finditer(text)}


def damaged_files(folder: Path, toc: TOC, *, quick: bool) -> Iterator[tuple[str, str]]:
    """The files of the commit `toc` that differ from what was committed: name, and what is wrong.

    Reads all of them or, with `quick`, checks only existence and size.
    """
    sums = read_checksums(folder, toc.generation)
    for name in (contents_file(folder, toc.generation).name, *map(segment_file, toc.segments)):
        if name not in sums:
            yield name, "the index has no checksum of it"
            continue
        try:
            size = (folder / name).stat().st_size
            if size != sums[name].size:
                yield name, f"it has {size} bytes, {sums[name].size} were committed"
            elif not quick and Checksum.of_file(folder / name) != sums[name]:
                yield name, "its bytes are not those that were committed"
        except OSError as error:
            yield name, f"it cannot be read: {error.strerror}"
