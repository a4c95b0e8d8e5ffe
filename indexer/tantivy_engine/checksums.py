"""Verifying the checksum at the end of each of tantivy's files.

A file ends with a footer in JSON that has the CRC-32 of everything before it, then the footer's length and the number
1337, both in four bytes, little-endian (measured with tantivy 0.27, index format 7).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path

from isal import isal_zlib

from archiver.startup.patterns import lazy_pattern
from archiver.store.durable import read_plain_file

_TAIL = struct.Struct("<II")
_MAGIC = 1337
_FOOTER = lazy_pattern(
    rb'\{"version":\{"major":[0-9]+,"minor":[0-9]+,"patch":[0-9]+,"index_format_version":[0-9]+\},"crc":([0-9]+)\}'
)
"""All of a footer: tantivy does not open a file in whose footer a name has changed."""
_MAX_FOOTER_BYTES = 4096
_READ_BYTES = 1 << 20
_ENDINGS = ("store", "term", "idx", "pos", "fieldnorm", "fast")


def damaged_files(folder: Path, *, quick: bool) -> Iterator[tuple[str, str]]:
    """The files of the latest commit that differ from what tantivy wrote: name, and what is wrong.

    Reads all of them or, with `quick`, only their footers. Raises `OSError`, `ValueError` or `KeyError` if the list of
    files cannot be read.
    """
    for segment in json.loads(read_plain_file(folder / "meta.json"))["segments"]:
        name = str(segment["segment_id"]).replace("-", "")
        deleted = segment["deletes"]
        endings = [*_ENDINGS, *([f"{deleted['opstamp']}.del"] if deleted else [])]
        for ending in endings:
            path = folder / f"{name}.{ending}"
            try:
                fault = _fault(path, quick=quick)
            except OSError as error:
                fault = f"it cannot be read: {error.strerror}"
            if fault:
                yield path.name, fault


def _fault(path: Path, *, quick: bool) -> str | None:
    size = path.stat().st_size
    with path.open("rb") as file:
        if size < _TAIL.size:
            return f"it has {size} bytes"
        file.seek(size - _TAIL.size)
        length, magic = _TAIL.unpack(file.read(_TAIL.size))
        body_bytes = size - _TAIL.size - length
        if magic != _MAGIC or length > _MAX_FOOTER_BYTES or body_bytes < 0:
            return "its end is not what was written"
        file.seek(body_bytes)
        footer = _FOOTER.fullmatch(file.read(length))
        if footer is None:
            return "its end is not what was written"
        if quick:
            return None
        file.seek(0)
        found = 0
        while body_bytes and (piece := file.read(min(_READ_BYTES, body_bytes))):
            found = isal_zlib.crc32(piece, found)
            body_bytes -= len(piece)
        return None if found == int(footer[1]) else "its bytes are not those that were committed"
