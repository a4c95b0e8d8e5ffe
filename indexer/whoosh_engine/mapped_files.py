"""Segments read where they are mapped into memory: Whoosh copies each part of a segment as it opens it.

With 100 000 submissions the copies are 200 MB, made anew by every process that searches.
"""

from __future__ import annotations

import io
from collections.abc import Callable

from whoosh.filedb import compound
from whoosh.filedb.structfile import BufferFile


class _View(io.RawIOBase):
    """A mapped part of a file as a file of its own."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._place = 0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It can be read anywhere."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: len(self._data)}[whence]
        self._place = max(0, base + offset)
        return self._place

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` as far as there is something."""
        found = self._data[self._place : self._place + len(buffer)]
        buffer[: len(found)] = found
        self._place += len(found)
        return len(found)


class MappedFile(BufferFile):  # type: ignore[misc]  # Whoosh has no types
    """Whoosh's file over a buffer, without its copy of the buffer."""

    def __init__(self, buf: memoryview, name: str | None = None, onclose: Callable[[], None] | None = None) -> None:
        super().__init__(b"", name=name, onclose=onclose)
        self._buf = buf
        self.file = io.BufferedReader(_View(buf))


def read_segments_where_they_are() -> None:
    """Let Whoosh open the parts of a segment as `MappedFile`: it has no other way to choose their class."""
    compound.BufferFile = MappedFile
