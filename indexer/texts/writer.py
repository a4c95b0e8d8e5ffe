"""Writing the text store: parts are appended to packs, durably, and then listed in the table.

The writer holds the archive's lock. A run that dies leaves bytes at the end of a pack that no row lists; the next part
overwrites them.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from archiver.errors import DamageError
from archiver.events import event
from archiver.identifiers import AccessionNumber
from archiver.runtime.paths import exists, is_dir, is_file, is_symlink
from archiver.store.durable import files_in, fsync_directory, make_directories, remove_folder, storage_errors
from indexer.text import EXTRACTOR_VERSION
from indexer.texts.parts import TextPart, TextPartWriter
from indexer.texts.store import BUILDING_FOLDER, TEXTS_FOLDER, TextStore, pack_path
from indexer.texts.table import TABLE_NAME, PackRow, TextTable

PACK_BYTES = 256_000_000
"""Size from which a pack is not appended to: 20 million submissions make about two thousand packs."""

_COMPLETE = "complete"
_LEAST_IN_USE = 0.5
"""The share of a pack's text that must be in use; below that, what is in use is rewritten."""

_log = logging.getLogger(__name__)


class TextWriter:
    """The text store, open for writing. It is a context manager. Raises `StorageError`, `DamageError`."""

    def __init__(self, root: Path) -> None:
        """Open the store of the archive at `root`, or create an empty one.

        A store with a damaged table is deleted and recreated from the submissions. Raises `ArchiveFormatError` if a
        newer edgarchive wrote it.
        """
        self._folder = root / TEXTS_FOLDER
        self._table = _opened(self._folder)
        self.building = self._folder / BUILDING_FOLDER
        try:
            self._sweep()
        except BaseException:
            self.close()
            raise

    def adopt(self, part: TextPart) -> None:
        """Add a part, durably: all its submissions can be read when this returns."""
        if part.entries:
            pack, base = self._append(part.path)
            self._table.adopt(part, pack=pack, base=base)
        with storage_errors(self.building):
            part.path.unlink()

    def remove(self, accessions: Iterable[AccessionNumber]) -> None:
        """Remove the texts of `accessions`; the next indexing run recreates those that should exist."""
        self._table.set_note(_COMPLETE, None)
        self._table.remove(accessions)

    @property
    def is_complete(self) -> bool:
        """Whether the texts of all indexed submissions are known to be here, from this version's extractor."""
        return self._table.note(_COMPLETE) == str(EXTRACTOR_VERSION)

    def set_complete(self, *, complete: bool) -> None:
        """Set the value of `is_complete`."""
        self._table.set_note(_COMPLETE, str(EXTRACTOR_VERSION) if complete else None)

    def missing(self, wanted: Iterable[tuple[AccessionNumber, str]]) -> set[AccessionNumber]:
        """Those of `wanted`, each with the sha256 of its bytes, without a text extracted from them by this version."""
        sha256_of = dict(wanted)
        found = self._table.sources(list(sha256_of))
        return {one for one, sha256 in sha256_of.items() if found.get(one) != (sha256, EXTRACTOR_VERSION)}

    def compact(self) -> bool:
        """Drop unused packs, and rewrite what is in use of those that are mostly unused.

        Returns whether damaged texts were dropped; the store is then not complete. Files are deleted when the store is
        next opened for writing, as they may be in use now.
        """
        is_damaged = False
        for pack in self._table.packs():
            if pack.text_bytes >= _LEAST_IN_USE * pack.added and (pack.live or not pack.bytes):
                continue
            if pack.live and not self._move(pack):
                is_damaged = True
                self.set_complete(complete=False)
            self._table.remove_pack(pack.number)
        return is_damaged

    def close(self) -> None:
        """Close the store."""
        self._table.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _sweep(self) -> None:
        """Delete what dead runs left, and packs that are no longer in use."""
        known = {pack_path(self._folder, pack.number) for pack in self._table.packs()}
        with storage_errors(self._folder):
            remove_folder(self.building)
            for path in files_in(self._folder, suffix=".pack"):
                if is_dir(path) and not is_symlink(path):  # nothing of ours in a pack's place
                    remove_folder(path)
                elif path not in known:
                    path.unlink()

    def _append(self, part: Path, *, other_than: int | None = None) -> tuple[int, int]:
        """Append the file `part` to a pack, durably; returns the pack's number and where the part begins in it."""
        last = self._table.packs()[-1:]
        pack = last[0] if last and last[0].bytes < PACK_BYTES and last[0].number != other_than else None
        path = pack_path(self._folder, pack.number) if pack else None
        if path is None or pack is None or not exists(path) or path.stat().st_size < pack.bytes:
            pack = self._table.new_pack()
            path = pack_path(self._folder, pack.number)
        with storage_errors(path), part.open("rb") as source:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            with os.fdopen(descriptor, "r+b") as target:
                target.truncate(pack.bytes)
                target.seek(pack.bytes)
                shutil.copyfileobj(source, target, 1 << 20)
                target.flush()
                os.fsync(target.fileno())
            if not pack.bytes:
                fsync_directory(self._folder)
        return pack.number, pack.bytes

    def _move(self, pack: PackRow) -> bool:
        """Rewrite the readable and current texts of `pack` to another pack; returns whether all could be read."""
        is_readable = True
        _log.info("pack %d of the text store is rewritten", pack.number, extra=event("texts-moved", pack=pack.number))
        writer = TextPartWriter(self.building)
        with contextlib.ExitStack() as undo:
            undo.callback(writer.discard)
            with TextStore(self._folder) as store:
                for row in self._table.in_order(pack.number):
                    if row.extractor != EXTRACTOR_VERSION:
                        continue
                    try:
                        writer.add(store.read_row(row))
                    except DamageError as error:
                        is_readable = False
                        facts = event("texts-damaged", accession=row.accession)
                        _log.warning(
                            "the texts of %s are extracted again: %s", row.accession, error.message, extra=facts
                        )
            part = writer.finish()
            undo.pop_all()
        if part.entries:
            number, base = self._append(part.path, other_than=pack.number)
            self._table.adopt(part, pack=number, base=base)
        with storage_errors(self.building):
            part.path.unlink()
        return is_readable


def note_incomplete(root: Path) -> None:
    """Record that the store of the archive at `root`, if any, may lack texts of indexed submissions.

    Raises `StorageError`, `DamageError`.
    """
    if exists(root / TEXTS_FOLDER / TABLE_NAME):
        with TextWriter(root) as writer:
            writer.set_complete(complete=False)


def remove_store(root: Path) -> None:
    """Delete all texts of the archive at `root`. Raises `StorageError`."""
    folder = root / TEXTS_FOLDER
    with storage_errors(folder):
        remove_folder(folder)


def _opened(folder: Path) -> TextTable:
    with storage_errors(folder):
        if is_file(folder):
            remove_folder(folder)
        make_directories(folder)
    path = folder / TABLE_NAME
    try:
        with contextlib.ExitStack() as undo:
            table = undo.enter_context(TextTable(path, writable=True))
            table.packs()
            table.note(_COMPLETE)
            undo.pop_all()
    except DamageError as error:
        _log.warning("the text store is recreated: %s", error, extra=event("texts-damaged", path=str(path)))
    else:
        return table
    remove_store(folder.parent)
    with storage_errors(folder):
        make_directories(folder)
    return TextTable(path, writable=True)
