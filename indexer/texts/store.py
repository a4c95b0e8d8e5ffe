"""Reading the text store: any document of any submission, quickly.

A reader follows what writers do: added texts, replaced packs, a store that is removed and recreated. It returns nothing
for what is missing or damaged; then the submission itself is parsed.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from archiver.errors import DamageError, StorageError
from archiver.events import event
from archiver.identifiers import AccessionNumber
from archiver.startup.dataclass import dataclass
from archiver.store.durable import reading_errors
from indexer.text import EXTRACTOR_VERSION
from indexer.texts.model import StoredSubmission
from indexer.texts.packs import TextPlace, decode_record, decompress
from indexer.texts.table import TABLE_NAME, TextRow, TextTable, is_table

TEXTS_FOLDER = "texts"
BUILDING_FOLDER = "building"

_CACHE_BYTES = 8_000_000
"""Cache of decompressed frames in bytes: the documents and the record of a submission are close together."""

_MAX_OPEN_PACKS = 64
_REPAIR = "run `edgarchive verify --repair`"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TextStats:
    """The size of the store: submissions, the size of their texts in UTF-8, and the bytes on disk."""

    submissions: int
    text_bytes: int
    stored_bytes: int


class TextStore:
    """The texts of an archive, read-only. Several threads may use one. It is a context manager.

    A missing store is treated as an empty one.
    """

    def __init__(self, folder: Path) -> None:
        """Read the store in `folder`; see `TextStore.open`."""
        self._folder = folder
        self._lock = threading.Lock()
        self._table: TextTable | None = None
        self._table_identity: tuple[int, int] | None = None
        self._packs: OrderedDict[int, int] = OrderedDict()
        self._frames: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._frame_bytes = 0
        self._has_warned = False
        self._is_closed = False

    @classmethod
    def open(cls, root: Path) -> Self:
        """The text store of the archive at `root`. Nothing is read yet."""
        return cls(root / TEXTS_FOLDER)

    @property
    def is_empty(self) -> bool:
        """Whether it lists no submission. A store that cannot be read is not empty."""
        try:
            with self._files():
                table = self._opened()
                return table is None or table.is_empty
        except (DamageError, StorageError):
            return False

    def submission(self, accession: AccessionNumber, *, sha256: str | None = None) -> StoredSubmission | None:
        """The submission, if the store has it from this version's extractor; otherwise None.

        With `sha256`, only if it was extracted from those decoded bytes. A damaged store is treated as lacking it, and
        logged once.
        """
        try:
            return self.read(accession, sha256=sha256)
        except (DamageError, StorageError) as error:
            self._warn(accession, error)
            return None

    def submissions(self, wanted: Sequence[tuple[AccessionNumber, str]]) -> dict[AccessionNumber, StoredSubmission]:
        """Those of `wanted`, each with the sha256 of its bytes, that `submission` gives, looked up together."""
        try:
            with self._files():
                table = self._opened()
                rows = table.get_all([accession for accession, _ in wanted]) if table else {}
        except (DamageError, StorageError):  # perhaps of a single row
            each = ((accession, self.submission(accession, sha256=sha256)) for accession, sha256 in wanted)
            return {accession: found for accession, found in each if found is not None}
        found: dict[AccessionNumber, StoredSubmission] = {}
        for accession, sha256 in wanted:
            row = rows.get(accession)
            if row is not None and (row.sha256, row.extractor) == (sha256, EXTRACTOR_VERSION):
                try:
                    found[accession] = self.read_row(row)
                except DamageError as error:
                    self._warn(accession, error)
        return found

    def read(self, accession: AccessionNumber, *, sha256: str | None = None) -> StoredSubmission | None:
        """As `submission`, but raises `DamageError`, `StorageError` if the store cannot be read."""
        row = self._row(accession)
        if row is None or row.extractor != EXTRACTOR_VERSION or sha256 not in {None, row.sha256}:
            return None
        return self.read_row(row)

    def read_row(self, row: TextRow) -> StoredSubmission:
        """The submission of a row of the table. Raises `DamageError`."""
        return decode_record(
            self._bytes(row, row.place),
            accession=row.accession,
            sha256=row.sha256,
            extractor=row.extractor,
            read=lambda place: self._bytes(row, place),
        )

    def stats(self) -> TextStats:
        """The size of the store. Raises `DamageError`, `StorageError`."""
        with self._files():
            table = self._opened()
            packs = table.packs() if table else []
        stored = sum(pack.bytes for pack in packs)
        if table:
            with reading_errors(self._folder / TABLE_NAME):
                stored += (self._folder / TABLE_NAME).stat().st_size
        return TextStats(sum(pack.live for pack in packs), sum(pack.text_bytes for pack in packs), stored)

    def close(self) -> None:
        """Close the files. What is read afterwards, by another thread or from a result, opens them for that alone."""
        with self._lock:
            self._is_closed = True
            self._forget()

    @contextlib.contextmanager
    def _files(self) -> Iterator[None]:
        """Hold the lock on the files."""
        with self._lock:
            try:
                yield
            finally:
                if self._is_closed:
                    self._forget()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _warn(self, accession: AccessionNumber, error: DamageError | StorageError) -> None:
        if not self._has_warned:
            self._has_warned = True
            facts = event("texts-unreadable", accession=accession, error=type(error).__name__)
            _log.warning("the text store cannot be read, which makes this slow: %s", error, extra=facts)

    def _row(self, accession: AccessionNumber) -> TextRow | None:
        with self._files():
            table = self._opened()
            return table.get(accession) if table else None

    def _opened(self) -> TextTable | None:
        """The current table, which may have been removed or replaced; None if there is none. The caller holds the lock.

        Raises `DamageError`, `StorageError`: what cannot be looked at may be there.
        """
        path = self._folder / TABLE_NAME
        try:
            with reading_errors(path):
                status = path.stat()
        except StorageError as error:
            self._forget()
            if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError):
                return None
            raise
        identity = (status.st_dev, status.st_ino)
        if identity != self._table_identity:
            self._forget()
            if not is_table(path):
                return None
            self._table = TextTable(path)
            self._table_identity = identity
        return self._table

    def _forget(self) -> None:
        if self._table is not None:
            self._table.close()
        for descriptor in self._packs.values():
            os.close(descriptor)
        self._table, self._table_identity, self._frame_bytes = None, None, 0
        self._packs.clear()
        self._frames.clear()

    def _bytes(self, row: TextRow, place: TextPlace) -> bytes:
        """The bytes at `place`. Raises `DamageError`."""
        if place.frame is None:
            return b""
        frame = place.frame
        offset = row.base + frame.offset
        key = (row.pack, offset)
        with self._files():
            raw = self._frames.get(key)
            if raw is not None:
                self._frames.move_to_end(key)
            else:
                stored = self._read(row.pack, offset, frame.stored_bytes)
        if raw is None:
            raw = decompress(stored, raw_bytes=frame.raw_bytes)
            self._keep(key, raw)
        found = raw[place.start : place.start + place.length] if place.length != len(raw) else raw
        if len(found) != place.length:
            raise DamageError(f"pack {row.pack} of the text store is damaged", _REPAIR)
        return found

    def _read(self, pack: int, offset: int, size: int) -> bytes:
        """Bytes of a pack. The caller holds the lock."""
        descriptor = self._packs.pop(pack, None)
        try:
            if descriptor is None:
                if len(self._packs) >= _MAX_OPEN_PACKS:
                    os.close(self._packs.popitem(last=False)[1])
                flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC  # opening a pipe would wait for a writer
                descriptor = os.open(pack_path(self._folder, pack), flags)
            self._packs[pack] = descriptor
            if offset + size > os.fstat(descriptor).st_size:
                raise DamageError(f"pack {pack} of the text store is cut off", _REPAIR)
            return os.pread(descriptor, size, offset)
        except OSError as error:
            raise DamageError(f"pack {pack} of the text store cannot be read: {error.strerror}", _REPAIR) from error

    def _keep(self, key: tuple[int, int], raw: bytes) -> None:
        with self._lock:
            if key in self._frames:
                return
            self._frames[key] = raw
            self._frame_bytes += len(raw)
            while self._frame_bytes > _CACHE_BYTES and len(self._frames) > 1:
                self._frame_bytes -= len(self._frames.popitem(last=False)[1])


def pack_path(folder: Path, number: int) -> Path:
    """The path of the pack `number` of the store in `folder`."""
    return folder / f"{number:06d}.pack"
