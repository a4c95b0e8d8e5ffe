"""An archive on disk: opening and locking it, reading and storing submissions."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
import stat
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Self

from archiver.catalogue.catalogue import Catalogue
from archiver.catalogue.records import CatalogueRecord
from archiver.errors import DamageError, NotInArchiveError, StorageError
from archiver.events import event
from archiver.identifiers import AccessionNumber
from archiver.runtime.paths import exists, is_dir, is_file, is_taken
from archiver.store import opening
from archiver.store.durable import (
    add_name,
    files_in,
    make_directories,
    reading_errors,
    replace_durably,
    set_mode,
    storage_errors,
)
from archiver.store.layout import SET_ASIDE, SUBMISSION_SUFFIX, Layout
from archiver.store.locking import lock_for_sharing, lock_for_writing, turn
from archiver.store.packing import unpack

_log = logging.getLogger(__name__)


_MAX_COPIES = 20
"""Maximum number of bodies of one submission considered in the quarantine."""


class Archive:
    """An open archive. Readers need no lock; a writer holds the lock on ``format.json`` until it closes.

    Operations that need an unchanging archive share that lock, which excludes writers. Open it with `Archive.open`; an
    archive is a context manager.
    """

    def __init__(self, layout: Layout, catalogue: Catalogue, lock: int | None, *, writable: bool) -> None:
        self.layout = layout
        self.catalogue = catalogue
        self.writable = writable
        self.run: int | None = None
        """The number of the run that is storing now (`archiver.store.journal`)."""
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
        """Open the archive at `root`; with `create`, create it if it does not exist.

        With `shared`, no process on this or another machine can write to it or its catalogue while it is open here.
        With `on_damage` (and `writable`), the catalogue is read completely; if it is lost or damaged, `on_damage` is
        called, it goes to the quarantine, and an empty one replaces it; a damaged ``format.json`` is written again.
        Raises `NotInArchiveError` (no archive here), `ArchiveFormatError` (written by a newer version), `LockedError`
        (`writable` or `shared`, and another process writes), `DamageError` (no readable catalogue, or no format),
        `StorageError`.
        """
        layout = Layout.of(root)
        if on_damage is not None:
            opening.set_odd_format_aside(layout)
        with reading_errors(layout.root):
            is_there = exists(layout.format_file)
        if not is_there and create:
            opening.create(layout)
        elif not is_there and not opening.has_submissions(layout):
            raise NotInArchiveError(
                f"there is no archive in {layout.root}",
                "run `edgarchive sync` first, or name the folder with --root",
            )
        is_damaged = on_damage is not None and opening.format_fault(layout) is not None
        found = opening.UNMIGRATED if is_damaged else opening.check_format(layout)
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
                opening.close_quarantine(layout)
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

    def require_in_place(self) -> None:
        """Raise `StorageError` if the archive, open for writing, was moved, removed or replaced since it was opened.

        Files would still go to where it was, and their rows to where it is.
        """
        path = self.layout.format_file
        with reading_errors(path):
            if self._lock is None or (exists(path) and os.path.samestat(os.fstat(self._lock), path.stat())):
                return
        raise StorageError(
            f"{self.layout.root} was moved or replaced while this run was writing to it",
            "move it only while nothing writes to it; run the same command again",
        )

    def record(self, accession: AccessionNumber) -> CatalogueRecord:
        """The catalogue's row of a submission. Raises `NotInArchiveError`."""
        record = self.catalogue.get(accession)
        if record is None:
            raise NotInArchiveError(f"{accession} is not in this archive", "`edgarchive sync` can fetch it")
        return record

    def kept(self, accessions: Sequence[AccessionNumber]) -> list[AccessionNumber]:
        """Those of `accessions` with a row and a file of the right size."""
        sizes = self.catalogue.stored_bytes_of(accessions)
        return [accession for accession in accessions if self._has_file(accession, sizes.get(accession))]

    def kept_from_edgar(self, accessions: Sequence[AccessionNumber]) -> list[AccessionNumber]:
        """Those of `accessions` stored with the bytes that EDGAR serves at their own address."""
        elsewhere = self.catalogue.from_elsewhere(accessions)
        return [accession for accession in self.kept(accessions) if accession not in elsewhere]

    def _has_file(self, accession: AccessionNumber, size: int | None) -> bool:
        if size is None:
            return False
        found = None
        try:
            status = self.layout.submission(accession).stat()
            if stat.S_ISREG(status.st_mode):
                found = status.st_size
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise StorageError(
                    f"cannot access the file of {accession}: {error.strerror}", "check the disk"
                ) from error
        if found != size:
            facts = event("size-differs", accession=accession, bytes=found, catalogue_bytes=size)
            there = found or "none"
            _log.warning("%s: the catalogue says %d bytes on disk, there are %s", accession, size, there, extra=facts)
        return found == size

    def has_all(self, first: date, last: date, *, quarter: str) -> bool:
        """Whether every submission filed from `first` to `last`, or named in `quarter`'s index, has its file, by size.

        Some microseconds a submission, as far as the system knows the folders. Raises `DamageError`.
        """
        return all(
            self._size_on_disk(accession) == size
            for accession, size in self.catalogue.sizes_between(first, last, quarter=quarter)
        )

    def _size_on_disk(self, accession: str) -> int | None:
        try:
            return os.stat(self.layout.submission_path(accession)).st_size  # noqa: PTH116 — a third of the time
        except OSError:
            return None

    def quarantine(self, path: Path, name: str) -> Path:
        """Move a file to the quarantine as `name`, durably; returns its new path. Raises `StorageError`.

        A file of that name is replaced, unless either is a folder. Only the owner can read the quarantine, since its
        content is untrusted.
        """
        place = self._quarantine() / name
        with storage_errors(place):
            if is_dir(place) or (is_dir(path) and exists(place)):
                place = unused_name(place)
            replace_durably(path, place)
        return place

    def _quarantine(self) -> Path:
        folder = self.layout.quarantine
        with storage_errors(folder):
            make_directories(folder)
            if folder.stat().st_mode & 0o077:
                set_mode(folder, 0o700)
        return folder

    def unused_aside(self, accession: AccessionNumber) -> Path:
        """An unused path in the quarantine, which no refused body takes, for a file that holds this submission."""
        return unused_name(self.layout.quarantine / f"{accession}{SUBMISSION_SUFFIX}", first=1)

    def supersede(
        self, path: Path, accession: AccessionNumber, *, number_in: Callable[[Path], AccessionNumber | None]
    ) -> None:
        """Move the complete file `path` to the place of its submission, durably, instead of one that nothing proves.

        That one, if there is one, goes to the quarantine, under a name that no refused body takes and with the number
        of the submission that is in it by `number_in`, if it tells, but stays in its place until this moment. Raises
        `StorageError`.
        """
        place = self.layout.submission(accession)
        if exists(place):
            self._quarantine()
            add_name(place, self.unused_aside(number_in(place) or accession), through=self.layout.incoming)
        with storage_errors(place):
            replace_durably(path, place)

    def take_out(self, accession: AccessionNumber, *, reason: str) -> None:
        """Remove a submission from the archive; its file goes to the quarantine. Raises `StorageError`."""
        path = self.layout.submission(accession)
        self.quarantine(path, path.name)
        self.catalogue.remove(accession)
        facts = event("quarantined", accession=accession, reason=reason)
        _log.warning("%s was moved to the quarantine: %s", accession, reason, extra=facts)

    def quarantined(self, accession: AccessionNumber) -> list[Path]:
        """The quarantine's files of a submission under its plain name: a body, a web page."""
        folder = self.layout.quarantine
        return [path for end in (SUBMISSION_SUFFIX, ".html") if is_file(path := folder / f"{accession}{end}")]

    def quarantined_copies(self, accession: AccessionNumber) -> list[Path]:
        """The bodies of a submission in the quarantine, oldest first."""
        place = self.layout.quarantine / f"{accession}{SUBMISSION_SUFFIX}"
        numbered = (_numbered(place, number) for number in range(1, _MAX_COPIES))
        return [path for path in (place, *numbered) if is_file(path)]

    def set_aside(self) -> list[AccessionNumber]:
        """The submissions that repairs have moved to the quarantine whole. Raises `StorageError`."""
        with storage_errors(self.layout.quarantine):
            names = [path.name for path in files_in(self.layout.quarantine, suffix=SUBMISSION_SUFFIX)]
        return list(dict.fromkeys(AccessionNumber(name[1]) for name in map(SET_ASIDE.fullmatch, names) if name))

    def turn(self) -> contextlib.AbstractContextManager[None]:
        """Wait while any process on any machine creates something in this shared archive, and make others wait.

        Raises `StorageError`.
        """
        return turn(self.layout)

    def read(self, accession: AccessionNumber) -> bytes:
        """The decoded bytes of a submission, exactly as EDGAR sent them.

        Raises `NotInArchiveError`, or `DamageError` if the file is missing or does not match the catalogue's sha256.
        """
        return read_stored(self.layout, accession, sha256=self.record(accession).sha256)

    def close(self) -> None:
        """Close the catalogue and release the lock."""
        self.catalogue.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_stored(layout: Layout, accession: AccessionNumber, *, sha256: str) -> bytes:
    """The decoded bytes of a submission whose row has `sha256`; needs no open archive.

    Raises `DamageError` if the file is missing or does not match.
    """
    data = b"".join(unpack(layout.submission(accession)))
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DamageError(f"the stored bytes of {accession} have changed", "run `edgarchive verify`")
    return data


def unused_name(place: Path, *, first: int = 0) -> Path:
    """`place`, or the first numbered variant from `first` on that does not exist, so that no file is replaced."""
    unused, number = _numbered(place, first) if first else place, first
    while is_taken(unused):
        number += 1
        unused = _numbered(place, number)
    return unused


def _numbered(place: Path, number: int) -> Path:
    """``0001193125-04-218426.1.txt.gz``, or ``name.1`` for other names."""
    stem = place.name.removesuffix(SUBMISSION_SUFFIX)
    return place.with_name(f"{stem}.{number}{place.name[len(stem) :]}")
