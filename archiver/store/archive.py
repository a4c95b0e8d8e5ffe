"""One archive on disk: opening it, locking it, reading and keeping submissions."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self

from archiver.catalogue.catalogue import Catalogue
from archiver.catalogue.records import CatalogueRecord
from archiver.errors import DamagedBodyError, DamageError, NotInArchiveError, StorageError
from archiver.events import event
from archiver.identifiers import AccessionNumber
from archiver.store import opening
from archiver.store.durable import fsync_directory, make_directories, reading_errors, storage_errors
from archiver.store.layout import SUBMISSION_SUFFIX, Layout
from archiver.store.locking import lock_for_sharing, lock_for_writing, turn
from archiver.streams.decoding import gunzip

_log = logging.getLogger(__name__)

_READ_BYTES = 1 << 18


class Archive:
    """An open archive. Readers need no lock; a writer holds the lock on ``format.json`` until it closes.

    Those that need it to stay as it is share that lock, which keeps writers out.

    Use `Archive.open`; the archive is its own context manager.
    """

    def __init__(self, layout: Layout, catalogue: Catalogue, lock: int | None, *, writable: bool) -> None:
        self.layout = layout
        self.catalogue = catalogue
        self.writable = writable
        self.run: int | None = None
        """The number of the run that stores now (`archiver.store.journal`)."""
        self._lock = lock

    @classmethod
    def open(
        cls,
        root: Path,
        *,
        writable: bool = False,
        create: bool = False,
        shared: bool = False,
        on_damage: Callable[[DamageError], None] | None = None,
    ) -> Archive:
        """Open the archive at `root`; with `create`, make one where there is none.

        With `shared` nobody writes to it, or to its catalogue, while it is open here, on this machine or on another.
        With `on_damage` (and `writable`) the catalogue is read in full; one that is lost or damaged is told of, goes to
        the quarantine, and an empty one takes its place.
        Raises `NotInArchiveError` (no archive here), `ArchiveFormatError` (written by a newer version), `LockedError`
        (writable or `shared`, and another process writes), `DamageError` (no catalogue to read), `StorageError`.
        """
        layout = Layout(root.expanduser().absolute())
        with reading_errors(layout.root):
            exists = layout.format_file.exists()
        if not exists:
            if not create:
                raise NotInArchiveError(
                    f"there is no archive in {layout.root}",
                    "run `edgarchive sync` first, or name the folder with --root",
                )
            opening.create(layout)
        found = opening.check_format(layout)
        lock = lock_for_writing(layout) if writable else lock_for_sharing(layout) if shared else None
        try:
            if writable:
                opening.sweep(layout)
            if on_damage is not None:
                catalogue = opening.sound_catalogue(layout, on_damage)
            else:
                opening.check_catalogue(layout, writable=writable, creating=create)
                catalogue = Catalogue(layout.catalogue, writable=writable, frozen=lock is not None and not writable)
            if writable and lock is not None and found != opening.FORMAT:
                with storage_errors(layout.format_file):
                    opening.finish_migration(lock)
        except BaseException:
            if lock is not None:
                os.close(lock)
            raise
        return cls(layout, catalogue, lock, writable=writable)

    @property
    def root(self) -> Path:
        """The archive's folder."""
        return self.layout.root

    @property
    def index_path(self) -> Path:
        """The folder of the full-text index."""
        return self.layout.index

    def record(self, accession: AccessionNumber) -> CatalogueRecord:
        """The catalogue's row. Raises `NotInArchiveError`."""
        record = self.catalogue.get(accession)
        if record is None:
            raise NotInArchiveError(f"{accession} is not in this archive", "`edgarchive sync` can fetch it")
        return record

    def kept(self, accessions: Sequence[AccessionNumber]) -> list[AccessionNumber]:
        """Those of `accessions` that have a row and a file of the size that the row says."""
        sizes = self.catalogue.stored_bytes_of(accessions)
        return [accession for accession in accessions if self._has_file(accession, sizes.get(accession))]

    def kept_from_edgar(self, accessions: Sequence[AccessionNumber]) -> list[AccessionNumber]:
        """Those of `accessions` that are kept with the bytes that EDGAR serves under their own address."""
        elsewhere = self.catalogue.from_elsewhere(accessions)
        return [accession for accession in self.kept(accessions) if accession not in elsewhere]

    def _has_file(self, accession: AccessionNumber, size: int | None) -> bool:
        if size is None:
            return False
        try:
            found = self.layout.submission(accession).stat().st_size
        except FileNotFoundError:
            found = None
        except OSError as error:
            raise StorageError(f"cannot look at the file of {accession}: {error.strerror}", "check the disk") from error
        if found != size:
            facts = event("size-differs", accession=accession, bytes=found, catalogue_bytes=size)
            there = found or "none"
            _log.warning("%s: the catalogue says %d bytes on disk, there are %s", accession, size, there, extra=facts)
        return found == size

    def quarantine(self, accession: AccessionNumber) -> None:
        """Take a submission out of the archive, its file into the quarantine. Raises `StorageError`."""
        path = self.layout.submission(accession)
        self.set_aside(path, path.name)
        self.catalogue.remove(accession)
        reason = "what brought it is damaged"
        facts = event("quarantined", accession=accession, reason=reason)
        _log.warning("%s is taken out of the archive: %s", accession, reason, extra=facts)

    def set_aside(self, path: Path, name: str) -> None:
        """Move a file into the quarantine as `name`, in place of an older one of that name. Raises `StorageError`."""
        place = self.layout.quarantine / name
        with storage_errors(place):
            make_directories(place.parent)
            path.replace(place)
            fsync_directory(place.parent)

    def quarantined(self, accession: AccessionNumber) -> list[Path]:
        """What the quarantine has of a submission."""
        folder = self.layout.quarantine
        return [path for end in (SUBMISSION_SUFFIX, ".html") if (path := folder / f"{accession}{end}").exists()]

    def alone(self) -> contextlib.AbstractContextManager[None]:
        """Wait for whoever else makes something in this shared archive, on any machine, and keep others waiting.

        Raises `StorageError`.
        """
        return turn(self.layout)

    def read(self, accession: AccessionNumber) -> bytes:
        """The decoded bytes of a submission, exactly as EDGAR sent them.

        Raises `NotInArchiveError`, or `DamageError` where the file is missing or its sha256 is not the catalogue's.
        """
        return read_stored(self.layout, accession, sha256=self.record(accession).sha256)

    def close(self) -> None:
        """Close the catalogue and give the lock back."""
        self.catalogue.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_stored(layout: Layout, accession: AccessionNumber, *, sha256: str) -> bytes:
    """The decoded bytes of a submission whose catalogue row says `sha256`; it needs no open archive.

    Raises `DamageError` where the file is missing or its sha256 is another.
    """
    data = b"".join(decoded_pieces(layout.submission(accession)))
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DamageError(f"the stored bytes of {accession} have changed", "run `edgarchive verify`")
    return data


def decoded_pieces(path: Path) -> Iterator[bytes]:
    """The decoded bytes of a stored file, in pieces of at most 1 MiB. Raises `DamageError`: missing, or not whole."""
    try:
        with path.open("rb") as file:
            yield from gunzip(iter(lambda: file.read(_READ_BYTES), b""))
    except FileNotFoundError:
        raise DamageError(f"{path} is missing", "run `edgarchive verify`") from None
    except (OSError, DamagedBodyError) as error:
        raise DamageError(f"{path} cannot be read: {error}", "run `edgarchive verify`") from error
