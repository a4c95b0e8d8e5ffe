"""Packs: files of zstandard frames, one after the other, that are only ever appended to.

A frame holds the texts of several documents, so that small ones compress as well as large ones: with one frame a
document an 8-K's text takes a quarter more (docs/adr/0009-text-store.md). Each frame carries a checksum of its own.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import BinaryIO

import zstandard

from archiver.errors import DamageError

FRAME_BYTES = 256 * 1024
"""Text in one frame, at most, unless a single document has more: what reading a small document decompresses."""

_LEVEL = 3
"""Of zstandard: it compresses as fast as HTML is read; level 6 takes three times as long for a tenth less."""

_local = threading.local()


@dataclass(frozen=True, slots=True)
class FramePlace:
    """Where a frame lies in its file: `offset` and `stored_bytes` there, `raw_bytes` when decompressed."""

    offset: int
    stored_bytes: int
    raw_bytes: int


class FrameWriter:
    """Appends frames to `file`, which is at its beginning."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True, write_content_size=True)
        self.written_bytes = 0

    def write(self, raw: bytes) -> FramePlace:
        """Append a frame of `raw`. Raises OSError."""
        frame = self._compressor.compress(raw)
        place = FramePlace(self.written_bytes, len(frame), len(raw))
        self._file.write(frame)
        self.written_bytes += len(frame)
        return place


def decompress(frame: bytes, *, raw_bytes: int) -> bytes:
    """What is in `frame`, which should be `raw_bytes` long. Raises `DamageError` where it is not what was written."""
    try:
        if zstandard.frame_content_size(frame) != raw_bytes:  # looked at first: a damaged size could ask for all memory
            raise DamageError("a frame is not as long as it was", "run `edgarchive verify --repair`")
        raw: bytes = _decompressor().decompress(frame, max_output_size=raw_bytes)
    except zstandard.ZstdError as error:
        raise DamageError(f"a frame cannot be decompressed: {error}", "run `edgarchive verify --repair`") from error
    return raw


def _decompressor() -> zstandard.ZstdDecompressor:
    """This thread's: one must not be used by two at once."""
    found: zstandard.ZstdDecompressor | None = getattr(_local, "decompressor", None)
    if found is None:
        found = _local.decompressor = zstandard.ZstdDecompressor()
    return found
