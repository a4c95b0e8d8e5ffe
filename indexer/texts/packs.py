"""Packs: append-only files of zstandard frames.

A frame holds the texts of several documents, so that small ones compress as well as large ones; with one frame per
document, an 8-K's text takes a quarter more space (docs/adr/0009-text-store.md). Each frame has its own checksum. The
record of a submission, in another frame, lists its documents and the locations of their texts, as JSON, followed by its
raw header.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple
from typing import Any, BinaryIO

from archiver.errors import DamageError
from archiver.identifiers import AccessionNumber
from archiver.startup.dataclass import dataclass
from indexer.sections.model import Section
from indexer.texts.model import PlacedSections, StoredDocument, StoredSubmission

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FRAME_BYTES = 64 * 1024
"""Maximum text in one frame, except for a single longer document: what reading a small document must decompress.

Larger frames take less space (256 KB: a tenth), but a page of 20 hits half as long again. They are read as well.
"""

_REPAIR = "run `edgarchive verify --repair`"

_LEVEL = 3
"""The level of zstandard: as fast as HTML is parsed; level 6 takes three times as long for a tenth less."""

_OPTIONS: Mapping[int, int] = {
    zstd.CompressionParameter.compression_level: _LEVEL,
    zstd.CompressionParameter.checksum_flag: 1,
    zstd.CompressionParameter.content_size_flag: 1,
}


@dataclass(frozen=True, slots=True)
class FramePlace:
    """The location of a frame in its file: `offset` and `stored_bytes` there, `raw_bytes` when decompressed."""

    offset: int
    stored_bytes: int
    raw_bytes: int


class FrameWriter:
    """Appends frames to `file`, positioned at its beginning."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._compressor = zstd.ZstdCompressor(options=_OPTIONS)
        self.written_bytes = 0

    def write(self, raw: bytes) -> FramePlace:
        """Append a frame of `raw`. Raises OSError."""
        frame = self._compressor.compress(raw, mode=zstd.ZstdCompressor.FLUSH_FRAME)
        place = FramePlace(self.written_bytes, len(frame), len(raw))
        self._file.write(frame)
        self.written_bytes += len(frame)
        return place


def decompress(frame: bytes, *, raw_bytes: int) -> bytes:
    """The content of `frame`, expected to have `raw_bytes`. Raises `DamageError` if it is not what was written."""
    try:
        # checked first: a damaged size could request all memory
        if zstd.get_frame_info(frame).decompressed_size != raw_bytes:
            raise DamageError("a frame has the wrong length", _REPAIR)
        return zstd.decompress(frame)
    except zstd.ZstdError as error:
        raise DamageError(f"a frame cannot be decompressed: {error}", _REPAIR) from error


@dataclass(frozen=True, slots=True)
class TextPlace:
    """The location of bytes: `length` bytes from `start` on in the decompressed frame; no frame if there are none."""

    frame: FramePlace | None
    start: int
    length: int


ReadPlace = Callable[[TextPlace], bytes]


class RecordDraft:
    """A record whose texts have no location yet. It keeps none of the texts."""

    def __init__(self, submission: StoredSubmission, *, extractor: int) -> None:
        self.accession = submission.accession
        self.sha256 = submission.sha256
        self._extractor = extractor
        self._raw_header = submission.raw_header
        self._documents = [
            (
                document.type,
                document.sequence,
                document.filename,
                document.description,
                document.kind,
                document.size,
                [
                    [*span, *astuple(section)]
                    for section, span in zip(document.sections(), document.section_spans(), strict=True)
                ],
            )
            for document in submission.documents
        ]

    def encode(self, places: Iterable[TextPlace]) -> bytes:
        """The encoded record; the texts of its documents are at `places`."""
        facts = {
            "accession": self.accession,
            "sha256": self.sha256,
            "extractor": self._extractor,
            "documents": [
                [*values, [*(astuple(place.frame) if place.frame else (0, 0, 0)), place.start, place.length]]
                for values, place in zip(self._documents, places, strict=True)
            ],
        }
        return json.dumps(facts, separators=(",", ":")).encode() + b"\n" + self._raw_header


def decode_record(
    record: bytes, *, accession: AccessionNumber, sha256: str, extractor: int, read: ReadPlace
) -> StoredSubmission:
    """The submission of `record`; `read` returns the bytes at a location of its texts.

    Raises `DamageError` if the record does not match `accession`, `sha256` and `extractor`.
    """
    line, _, raw_header = record.partition(b"\n")
    try:
        facts = json.loads(line)
        if (facts["accession"], facts["sha256"], facts["extractor"]) != (accession, sha256, extractor):
            raise DamageError(f"the text store has other data in the place of {accession}", _REPAIR)
        documents = tuple(_document(position, values, read) for position, values in enumerate(facts["documents"]))
    except (ValueError, KeyError, TypeError) as error:
        raise DamageError(f"the record of {accession} in the text store is damaged: {error}", _REPAIR) from error
    return StoredSubmission(accession, sha256, raw_header, documents)


def _document(position: int, values: list[Any], read: ReadPlace) -> StoredDocument:
    type_, sequence, filename, description, kind, size, sections, (offset, stored, raw, start, length) = values
    place = TextPlace(FramePlace(offset, stored, raw) if stored else None, start, length)
    found = PlacedSections(
        tuple(_section(section) for _, _, *section in sections), tuple((begin, end) for begin, end, *_ in sections)
    )
    return StoredDocument(
        position=position,
        type=type_,
        sequence=sequence,
        filename=filename,
        description=description,
        kind=kind,
        size=size,
        _read_text=lambda: read(place) if place.frame else b"",
        _read_sections=lambda: found,
    )


def _section(values: list[Any]) -> Section:
    """A section from a record, in which tuples are lists."""
    part, item, heading, start, end, also, is_reference = values
    return Section(part, item, heading, start, end, tuple(also), is_reference)
