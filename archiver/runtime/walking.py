"""Walking through a folder of any depth, with memory and time in proportion to what is in it.

`os.walk` is recursive up to Python 3.11: a folder nested a thousand times ends it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from archiver.startup.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    """The names in a folder: `folders`, `links` that lead to folders, and `files`, which are all others."""

    folders: list[str]
    links: list[str]
    files: list[str]


def walk(top: Path | str, *, without: Path | None = None) -> Iterator[tuple[str, Names, OSError | None]]:
    """Each folder below `top`, itself first, in the order of names; the error if a folder cannot be listed.

    No link is followed, except `top` itself. The folder `without` is left out, by whatever name it is reached.
    """
    left = _identity(without) if without is not None else None
    waiting = [os.fspath(top)]
    while waiting:
        folder = waiting.pop()
        names, error = Names([], [], []), None
        try:
            if left is not None and _identity(folder) == left:
                continue
            with os.scandir(folder) as entries:
                for entry in entries:
                    _kind(entry, names).append(entry.name)
        except OSError as raised:
            error = raised
        yield folder, names, error
        waiting += (str(Path(folder, name)) for name in sorted(names.folders, reverse=True))


def _kind(entry: os.DirEntry[str], names: Names) -> list[str]:
    try:
        if not entry.is_dir():
            return names.files
        return names.links if entry.is_symlink() else names.folders
    except OSError:  # a link that leads to itself
        return names.files


def _identity(folder: Path | str) -> tuple[int, int] | None:
    try:
        status = Path(folder).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
