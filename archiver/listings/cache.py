"""Copies of EDGAR's index files in the archive, so that an unchanged one is asked for with one short request.

A copy that is gone, or not what was kept, is as if it had never been; the whole folder may be deleted at any time.
"""

from __future__ import annotations

import hashlib

from archiver.catalogue.listings import IndexFile
from archiver.store.archive import Archive
from archiver.store.durable import write_file_durably


class IndexCache:
    """The copies in one archive. One opened for reading is only read; without an archive nothing is kept."""

    def __init__(self, archive: Archive | None) -> None:
        self._archive = archive

    def known(self, path: str) -> IndexFile | None:
        """What is known of the copy of EDGAR's `path`, without a look into it; None where there is none."""
        if self._archive is None or not (self._archive.layout.indexes / path).is_file():
            return None
        return self._archive.catalogue.index_files.get(path)

    def get(self, path: str) -> tuple[IndexFile, bytes] | None:
        """What is known of the copy of EDGAR's `path`, and its bytes; None where there is no sound copy."""
        file = self.known(path)
        if self._archive is None or file is None:
            return None
        try:
            body = (self._archive.layout.indexes / path).read_bytes()
        except OSError:
            return None
        return (file, body) if hashlib.sha256(body).hexdigest() == file.sha256 else None

    def note(self, key: str) -> str | None:
        """A note that an earlier run has left beside the copies."""
        return self._archive.catalogue.note(key) if self._archive else None

    def set_note(self, key: str, value: str) -> None:
        """Leave a note."""
        if self._archive is not None and self._archive.writable:
            self._archive.catalogue.set_note(key, value)

    def keep(self, file: IndexFile, body: bytes) -> None:
        """Keep `body` as the copy of `file`. Raises `StorageError`."""
        if self._archive is not None and self._archive.writable:
            write_file_durably(self._archive.layout.indexes / file.path, body)
            self._archive.catalogue.index_files.set(file)
