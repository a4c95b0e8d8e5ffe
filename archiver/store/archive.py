"""One archive on disk: opening it, locking it, reading and keeping submissions."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self

from archiver.errors import (
    ArchiveFormatError,
    DamagedBodyError,
    DamageError,
    LockedError,
    NotInArchiveError,
    StorageError,
)
from archiver.events import event
from archiver.identifiers import AccessionNumber
from archiver.store.catalogue import REPAIR, Catalogue, CatalogueRecord, has_log
from archiver.store.durable import fsync_directory, make_directories, storage_errors, write_file_durably
from archiver.store.layout import SUBMISSION_SUFFIX, Layout
from archiver.streams.decoding import gunzip

_log = logging.getLogger(__name__)

FORMAT = 1
_TURN = "turn.lock"
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
        if not layout.format_file.exists():
            if not create:
                raise NotInArchiveError(
                    f"there is no archive in {layout.root}",
                    "run `edgarchive sync` first, or name the folder with --root",
                )
            _create(layout)
        _check_format(layout)
        lock = _take_lock(layout, shared=False) if writable else _share(layout) if shared else None
        try:
            if writable:
                _sweep(layout)
            if on_damage is not None:
                catalogue = _mended_catalogue(layout, on_damage)
            else:
                _check_catalogue(layout, writable=writable, create=create)
                catalogue = Catalogue(layout.catalogue, writable=writable, frozen=lock is not None and not writable)
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
        return _alone(self.layout)

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


def _create(layout: Layout) -> None:
    with storage_errors(layout.root):
        make_directories(layout.root)
        occupied = any(layout.root.iterdir())
    if occupied and not layout.submissions.is_dir():
        raise NotInArchiveError(
            f"{layout.root} has files but no edgarchive archive", "name an empty or a new folder with --root"
        )
    with storage_errors(layout.root), _one_maker(layout.root):
        if layout.format_file.exists():
            return
        make_directories(layout.submissions)
        Catalogue(layout.catalogue, writable=True).close()
        write_file_durably(layout.format_file, json.dumps({"format": FORMAT}).encode() + b"\n")


@contextlib.contextmanager
def _one_maker(root: Path) -> Iterator[None]:
    """Two that make the same archive at once do so one after the other: there is no ``format.json`` to lock yet."""
    descriptor = os.open(root, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _check_format(layout: Layout) -> None:
    try:
        found = json.loads(layout.format_file.read_bytes())["format"]
    except OSError as error:
        raise NotInArchiveError(
            f"cannot read {layout.format_file}: {error.strerror}", "check its permissions"
        ) from error
    except (ValueError, KeyError, TypeError, RecursionError):
        found = None
    if found != FORMAT:
        raise ArchiveFormatError(
            f"{layout.format_file} names format {found!r}, this edgarchive reads format {FORMAT}",
            "use the version of edgarchive that wrote this archive, or a newer one",
        )


def _check_catalogue(layout: Layout, *, writable: bool, create: bool) -> None:
    """Raise `DamageError` for a lost catalogue; who may `create` one is warned where files have lost theirs."""
    if layout.catalogue.exists() and layout.catalogue.stat().st_size:
        return
    error = DamageError(f"{layout.catalogue} is missing or empty", REPAIR)
    lost = layout.submissions.is_dir() and any(layout.submissions.iterdir())
    if not writable or (lost and not create):
        raise error
    if lost:
        _log.warning("%s", error, extra=event("catalogue-lost", path=str(layout.catalogue)))


def _mended_catalogue(layout: Layout, on_damage: Callable[[DamageError], None]) -> Catalogue:
    try:
        _check_catalogue(layout, writable=True, create=False)
        catalogue = Catalogue(layout.catalogue, writable=True)
        try:
            catalogue.check()
        except BaseException:
            catalogue.close()
            raise
    except DamageError as error:
        on_damage(error)
    else:
        return catalogue
    _set_catalogue_aside(layout)
    return Catalogue(layout.catalogue, writable=True)


def _set_catalogue_aside(layout: Layout) -> None:
    """Move the catalogue and its log to the quarantine, durably, in place of an older one.

    What a repair that was killed here has moved already stays there: only it knows what no file says.
    """
    paths = [layout.catalogue.with_name(f"{layout.catalogue.name}{end}") for end in ("", "-wal", "-shm")]
    with storage_errors(layout.quarantine):
        make_directories(layout.quarantine)
        if layout.catalogue.exists():
            if layout.catalogue.stat().st_size:
                for path in paths[1:]:
                    (layout.quarantine / path.name).unlink(missing_ok=True)
            else:  # nothing is in it, and there may be something in the older one
                layout.catalogue.unlink()
        for path in paths:
            if path.exists():
                path.replace(layout.quarantine / path.name)
        fsync_directory(layout.quarantine)
        fsync_directory(layout.root)


def _take_lock(layout: Layout, *, shared: bool) -> int:
    with storage_errors(layout.format_file):
        descriptor = os.open(layout.format_file, (os.O_RDONLY if shared else os.O_RDWR) | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise LockedError(
            f"another edgarchive is working in {layout.root}", "wait until it has ended, or stop it"
        ) from None
    return descriptor


def _share(layout: Layout) -> int:
    """Take the lock of one who shares; before, bring in what a killed writer left in the catalogue's log.

    Who shares reads the catalogue alone.
    """
    with _alone(layout):
        if has_log(layout.catalogue):
            lock = _take_lock(layout, shared=False)
            try:
                Catalogue(layout.catalogue, writable=True).close()
            finally:
                os.close(lock)
        return _take_lock(layout, shared=True)


@contextlib.contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    """One after the other. A file, and open for writing: NFS keeps machines apart by nothing less (flock(2))."""
    with storage_errors(layout.incoming):
        make_directories(layout.incoming)
        descriptor = os.open(layout.incoming / _TURN, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with storage_errors(layout.incoming):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sweep(layout: Layout) -> None:
    """Remove the temporary files of dead runs: with the lock held, nobody else's are alive."""
    if layout.incoming.is_symlink():
        raise StorageError(f"{layout.incoming} is a link, and what it leads to would be emptied", "remove the link")
    if layout.incoming.is_dir():
        for leftover in layout.incoming.iterdir():
            with contextlib.suppress(FileNotFoundError):
                leftover.unlink()
