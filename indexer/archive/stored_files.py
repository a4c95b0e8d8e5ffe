"""The files of an archive: records, bytes, paths, and the copies of EDGAR's listings."""

from __future__ import annotations

import hashlib
from pathlib import Path

from archiver.edgar.endpoints import Quarter
from archiver.errors import DamageError, NotInArchiveError
from archiver.identifiers import AccessionNumber
from archiver.listings.cache import IndexCache
from archiver.runtime.paths import is_file
from archiver.startup.dataclass import dataclass
from archiver.store.archive import Archive

_MASTER_NAMES = ("master.gz", "master.idx", "master.Z")
_TICKERS = "company_tickers.json"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """The gzip file of a submission, as the catalogue knows it: the file may have changed since.

    `size` is that of the decoded bytes, `sha256` their digest, `md5` that from EDGAR's ETag, None if EDGAR sent none.
    """

    accession: AccessionNumber
    path: Path
    size: int
    sha256: str
    md5: str | None


class StoredFiles:
    """The stored files of an open archive: `Library.stored`. Its methods read from disk; threads may share it."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._listings = IndexCache(archive)

    def file(self, accession: str) -> StoredFile:
        """The file of a submission. Raises `IdentifierError`, `NotInArchiveError` if there is none."""
        number = AccessionNumber(accession)
        row = self._archive.record(number)
        path = self._archive.layout.submission(number)
        if not is_file(path):
            raise NotInArchiveError(f"{number} is not in the archive", "sync or import it first")
        return StoredFile(number, path, row.size, row.sha256, row.etag_md5)

    def file_sha256(self, path: Path) -> str:
        """The SHA-256 of a stored file itself, for ``sha256sum --check``; `path` is relative to the archive.

        Raises `DamageError` if it cannot be read.
        """
        place = self._archive.root / path
        hint = "run `edgarchive verify --repair`"
        if not is_file(place):  # opening a pipe would wait for a writer
            raise DamageError(f"{place} is missing", hint)
        try:
            with place.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise DamageError(f"{place} cannot be read: {(error.strerror or str(error)).lower()}", hint) from error

    def master_index(self, year: int, quarter: int) -> bytes | None:
        """The copy of EDGAR's master index of a quarter, as EDGAR sent it; None if there is none."""
        folder = f"full-index/{Quarter(year, quarter).folder}"
        found = (self._listings.get(f"{folder}/{name}") for name in _MASTER_NAMES)
        return next((kept[1] for kept in found if kept is not None), None)

    def tickers_sha256(self) -> str | None:
        """The SHA-256 of the list of tickers, without reading it; None if there is none."""
        known = self._listings.known(_TICKERS)
        return known.sha256 if known is not None else None

    def tickers(self) -> bytes | None:
        """EDGAR's list of tickers from the last sync that fetched it; None if there is none."""
        kept = self._listings.get(_TICKERS)
        return kept[1] if kept is not None else None
