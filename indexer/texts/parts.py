"""Parts of the text store: files of frames that any process can write and the store then adds."""

from __future__ import annotations

import os
import tempfile
from dataclasses import field
from pathlib import Path

from archiver.identifiers import AccessionNumber
from archiver.startup.dataclass import dataclass
from archiver.store.durable import set_mode, storage_errors
from indexer.text import EXTRACTOR_VERSION
from indexer.texts.model import StoredSubmission
from indexer.texts.packs import FRAME_BYTES, FramePlace, FrameWriter, RecordDraft, TextPlace

_RECORD_FRAME_BYTES = 64 * 1024
"""Records in one frame: reading one of them decompresses all."""


@dataclass(frozen=True, slots=True)
class PartEntry:
    """A submission in a part: the location of its record, relative to the part, and the size of its texts."""

    accession: AccessionNumber
    sha256: str
    place: TextPlace
    text_bytes: int


@dataclass(frozen=True, slots=True)
class TextPart:
    """A finished part. It can be pickled."""

    path: Path
    stored_bytes: int
    extractor: int
    entries: tuple[PartEntry, ...]


class TextPartWriter:
    """Collects submissions in a new file of `folder`. Raises `StorageError`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(suffix=".part", dir=folder)
            set_mode(descriptor, 0o644)
            self._path = Path(name)
            self._file = os.fdopen(descriptor, "wb", buffering=1 << 20)
        self._frames = FrameWriter(self._file)
        self._texts: list[bytes] = []  # of the frame being filled
        self._text_bytes = 0
        self._waiting: list[_Waiting] = []  # submissions with texts in that frame
        self._records: list[tuple[_Waiting, bytes]] = []
        self._record_bytes = 0
        self._entries: list[PartEntry] = []

    def add(self, submission: StoredSubmission) -> None:
        """Add a submission that is not in this part yet.

        Raises `StorageError`, and whatever its texts and sections raise; the part then has nothing of it.
        """
        texts = [document.encoded_text() for document in submission.documents]
        waiting = _Waiting(RecordDraft(submission, extractor=EXTRACTOR_VERSION), sum(map(len, texts)))
        with storage_errors(self._folder):
            for text in texts:
                if self._texts and self._text_bytes + len(text) > FRAME_BYTES:
                    self._flush_texts(waiting)
                waiting.pieces.append(_Piece(self._text_bytes, len(text)))
                if text:
                    self._texts.append(text)
                    self._text_bytes += len(text)
            self._waiting.append(waiting)
            if self._text_bytes >= FRAME_BYTES or not self._texts:
                self._flush_texts()

    def finish(self) -> TextPart:
        """The finished part; nothing can be added afterwards. Raises `StorageError`."""
        with storage_errors(self._folder):
            self._flush_texts()
            self._flush_records()
            self._file.close()
        return TextPart(self._path, self._frames.written_bytes, EXTRACTOR_VERSION, tuple(self._entries))

    def discard(self) -> None:
        """Discard the part."""
        with storage_errors(self._folder):
            self._path.unlink(missing_ok=True)
            self._file.close()

    def _flush_texts(self, current: _Waiting | None = None) -> None:
        """Write the frame of texts, and set the location of its texts; `current` has more to come."""
        frame = self._frames.write(b"".join(self._texts)) if self._texts else None
        self._texts, self._text_bytes = [], 0
        for waiting in (*self._waiting, *([current] if current else ())):
            waiting.settle(frame)
        for waiting in self._waiting:
            record = waiting.draft.encode(waiting.places)
            self._records.append((waiting, record))
            self._record_bytes += len(record)
        self._waiting = []
        if self._record_bytes >= _RECORD_FRAME_BYTES:
            self._flush_records()

    def _flush_records(self) -> None:
        if not self._records:
            return
        frame = self._frames.write(b"".join(record for _, record in self._records))
        start = 0
        for waiting, record in self._records:
            draft = waiting.draft
            place = TextPlace(frame, start, len(record))
            self._entries.append(PartEntry(draft.accession, draft.sha256, place, waiting.text_bytes))
            start += len(record)
        self._records, self._record_bytes = [], 0


@dataclass(frozen=True, slots=True)
class _Piece:
    """A text in the frame being filled."""

    start: int
    length: int


@dataclass(slots=True)
class _Waiting:
    """A submission with text that is in no written frame yet."""

    draft: RecordDraft
    text_bytes: int
    places: list[TextPlace] = field(default_factory=list)
    pieces: list[_Piece] = field(default_factory=list)

    def settle(self, frame: FramePlace | None) -> None:
        """Set the location of its pieces so far to `frame`; None if they have no bytes."""
        self.places += [TextPlace(frame if piece.length else None, piece.start, piece.length) for piece in self.pieces]
        self.pieces = []
