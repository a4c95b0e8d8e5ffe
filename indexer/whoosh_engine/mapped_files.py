"""Reading segments from memory-mapped files, since Whoosh copies each part of a segment when opening it.

With 100,000 submissions the copies would be 200 MB in every process that searches.
"""

from __future__ import annotations

import io
from collections.abc import Callable

from whoosh.filedb import compound
from whoosh.filedb.structfile import BufferFile


class _View(io.RawIOBase):
    """A mapped part of a file as a file."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._place = 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: len(self._data)}[whence]
        self._place = max(0, base + offset)
        return self._place

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # any buffer in the stubs
        """Fill `buffer` as far as possible."""
        found = self._data[self._place : self._place + len(buffer)]
        buffer[: len(found)] = found
        self._place += len(found)
        return len(found)


class MappedFile(BufferFile):  # type: ignore[misc]  # Whoosh has no types
    """Whoosh's file class over a buffer, without copying it."""

    def __init__(self, buf: memoryview, name: str | None = None, onclose: Callable[[], None] | None = None) -> None:
        super().__init__(b"", name=name, onclose=onclose)
        self._buf = buf
        self.file = io.BufferedReader(_View(buf))


def read_segments_where_they_are() -> None:
    """Make Whoosh open the parts of a segment as `MappedFile`; it offers no other way to choose the class."""
    compound.BufferFile = MappedFile
