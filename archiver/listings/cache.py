"""Copies of EDGAR's index files in the archive, so that an unchanged file costs one short request.

A copy that is missing or damaged is ignored; the folder may be deleted at any time.
"""

from __future__ import annotations

import hashlib

from archiver.catalogue.listings import IndexFile
from archiver.runtime.paths import is_file
from archiver.store.archive import Archive
from archiver.store.durable import read_plain_file, write_file_durably


class IndexCache:
    """The copies in one archive. An archive opened for reading is not changed; without one, nothing is kept."""

    def __init__(self, archive: Archive | None) -> None:
        self._archive = archive

    def known(self, path: str) -> IndexFile | None:
        """The row of the copy of EDGAR's `path`, without checking the copy; None if there is none."""
        if self._archive is None or not is_file(self._archive.layout.indexes / path):
            return None
        return self._archive.catalogue.index_files.get(path)

    def get(self, path: str) -> tuple[IndexFile, bytes] | None:
        """The row of the copy of EDGAR's `path`, and its bytes; None without an intact copy."""
        file = self.known(path)
        if self._archive is None or file is None:
            return None
        try:
            body = read_plain_file(self._archive.layout.indexes / path)
        except OSError:
            return None
        return (file, body) if hashlib.sha256(body).hexdigest() == file.sha256 else None

    def note(self, key: str) -> str | None:
        """A note stored with the copies by an earlier run."""
        return self._archive.catalogue.note(key) if self._archive else None

    def set_note(self, key: str, value: str) -> None:
        """Store a note."""
        if self._archive is not None and self._archive.writable:
            self._archive.catalogue.set_note(key, value)

    def keep(self, file: IndexFile, body: bytes) -> None:
        """Store `body` as the copy of `file`. Raises `StorageError`."""
        if self._archive is not None and self._archive.writable:
            write_file_durably(self._archive.layout.indexes / file.path, body)
            self._archive.catalogue.index_files.set(file)
