"""A submission's record in a pack: which documents it has and where their texts lie, as JSON, then its raw header."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass
from typing import Any

from archiver.errors import DamageError
from archiver.identifiers import AccessionNumber
from indexer.sections.sections import Section
from indexer.texts.model import StoredDocument, StoredSubmission
from indexer.texts.packs import FramePlace

_REPAIR = "run `edgarchive verify --repair`"


@dataclass(frozen=True, slots=True)
class TextPlace:
    """Where bytes lie: from `start` on, `length` of them, in the decompressed frame; no frame where there are none."""

    frame: FramePlace | None
    start: int
    length: int


ReadPlace = Callable[[TextPlace], bytes]


class RecordDraft:
    """A record whose texts have no place yet. It keeps none of the texts."""

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
                [astuple(section) for section in document.sections()],
            )
            for document in submission.documents
        ]

    def encode(self, places: Iterable[TextPlace]) -> bytes:
        """The record; the texts of its documents lie at `places`."""
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
    """The submission of `record`; `read` gives the bytes of a place of its texts.

    Raises `DamageError` where the record is not that of this `accession`, `sha256` and `extractor`.
    """
    line, _, raw_header = record.partition(b"\n")
    try:
        facts = json.loads(line)
        if (facts["accession"], facts["sha256"], facts["extractor"]) != (accession, sha256, extractor):
            raise DamageError(f"the text store has something else in the place of {accession}", _REPAIR)
        documents = tuple(_document(position, values, read) for position, values in enumerate(facts["documents"]))
    except (ValueError, KeyError, TypeError) as error:
        raise DamageError(f"the record of {accession} in the text store is damaged: {error}", _REPAIR) from error
    return StoredSubmission(accession, sha256, raw_header, documents)


def _document(position: int, values: list[Any], read: ReadPlace) -> StoredDocument:
    type_, sequence, filename, description, kind, size, sections, (offset, stored, raw, start, length) = values
    place = TextPlace(FramePlace(offset, stored, raw) if stored else None, start, length)
    return StoredDocument(
        position=position,
        type=type_,
        sequence=sequence,
        filename=filename,
        description=description,
        kind=kind,
        size=size,
        _read_text=lambda: read(place) if place.frame else b"",
        _read_sections=lambda: tuple(Section(*section) for section in sections),
    )
