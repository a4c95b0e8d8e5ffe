"""Opening an archive: creation, format check, migration, replacing a damaged catalogue."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from archiver.catalogue.catalogue import Catalogue
from archiver.catalogue.database import REPAIR
from archiver.errors import ArchiveFormatError, DamageError, NotInArchiveError, StorageError
from archiver.events import event
from archiver.redaction import without_addresses
from archiver.runtime.paths import exists, is_dir, is_file, is_symlink, is_taken
from archiver.store.durable import (
    files_in,
    fsync_directory,
    make_directories,
    read_plain_file,
    reading_errors,
    set_mode,
    storage_errors,
    write_file_durably,
)
from archiver.store.layout import Layout
from archiver.store.locking import only_creator

_log = logging.getLogger(__name__)

FORMAT = 2
UNMIGRATED = 1
"""The oldest format: an archive of this number is migrated as far as needed, whatever state it is in."""
_READABLE = (UNMIGRATED, FORMAT)
_LOGS = ("-wal", "-shm", "-journal")


def create(layout: Layout) -> None:
    """Create an empty archive, or ``format.json`` again in one that has lost it.

    Raises `NotInArchiveError` if other files are in the way, `ArchiveFormatError`, `StorageError`.
    """
    with storage_errors(layout.root):
        make_directories(layout.root)
        occupied = any(layout.root.iterdir()) and not is_dir(layout.submissions)
    if occupied:
        raise NotInArchiveError(
            f"{layout.root} has files but no edgarchive archive", "name an empty or a new folder with --root"
        )
    with storage_errors(layout.root), only_creator(layout.root):
        if exists(layout.format_file):
            return
        make_directories(layout.submissions)
        if not has_submissions(layout):
            Catalogue(layout.catalogue, writable=True).close()
            write_file_durably(layout.format_file, _format_json(FORMAT))
            return
        write_file_durably(layout.format_file, _format_json(UNMIGRATED))
    facts = event("format-lost", path=str(layout.format_file))
    _log.warning("%s was missing and is written again", layout.format_file, extra=facts)


def has_submissions(layout: Layout) -> bool:
    """Whether there is anything below ``submissions/``. Raises `StorageError`."""
    with reading_errors(layout.submissions):
        return is_dir(layout.submissions) and any(layout.submissions.iterdir())


def format_fault(layout: Layout) -> DamageError | None:
    """The damage of ``format.json``, also if an archive has lost it; None if there is none, or no archive.

    Raises `StorageError` if it cannot be read.
    """
    found = _format_in(layout)
    return found if isinstance(found, DamageError) else None


def _format_in(layout: Layout) -> int | DamageError | None:
    """The format number in ``format.json``, or its damage; None without an archive."""
    path = layout.format_file
    with reading_errors(path):
        if not exists(path):
            fault = "is missing" if has_submissions(layout) else None
        elif not is_file(path):
            fault = "is not a regular file"
        elif (found := _number_in(read_plain_file(path))) is not None:
            return found
        else:
            fault = "is damaged: it names no format"
    return DamageError(f"{path} {fault}", "run `edgarchive verify --repair`, which writes it again") if fault else None


def _number_in(data: bytes) -> int | None:
    """The format number in the content of ``format.json``; None if it is damaged."""
    try:
        found = json.loads(data)["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if type(found) is int and found > 0 else None  # True is not a number here


def check_format(layout: Layout) -> int:
    """The format number in ``format.json``.

    Raises `ArchiveFormatError` for an unknown one, `DamageError` if it is lost or damaged, `StorageError`.
    """
    found = _format_in(layout)
    if isinstance(found, DamageError):
        raise found
    if found is None:
        raise StorageError(f"{layout.format_file} is missing", "check that the archive's disk is connected")
    if found not in _READABLE:
        raise ArchiveFormatError(
            f"{layout.format_file} names format {found!r}, this edgarchive reads format {FORMAT}",
            "use the version of edgarchive that wrote this archive, or a newer one",
        )
    return found


def finish_migration(lock: int) -> None:
    """Write the current format to ``format.json``, open as `lock`, after the catalogue was migrated.

    It is written in place, since the file is the lock. The two formats differ in one byte, so the write is atomic,
    unless the file was damaged before.
    """
    data = _format_json(FORMAT)
    os.pwrite(lock, data, 0)
    os.ftruncate(lock, len(data))
    os.fsync(lock)


def close_quarantine(layout: Layout) -> None:
    """Restrict the quarantine to its owner, and remove mail addresses from pages that an older version stored.

    Raises `StorageError`.
    """
    with storage_errors(layout.quarantine):
        if not is_dir(layout.quarantine):
            return
        set_mode(layout.quarantine, 0o700)
        for page in filter(is_file, files_in(layout.quarantine, suffix=".html")):
            write_file_durably(page, without_addresses(read_plain_file(page)))


def _format_json(number: int) -> bytes:
    return json.dumps({"format": number}).encode() + b"\n"


def check_catalogue(layout: Layout, *, writable: bool, creating: bool) -> None:
    """Raise `DamageError` for a lost catalogue; when `creating` one, warn about files without rows."""
    with reading_errors(layout.catalogue):
        if exists(layout.catalogue) and not is_file(layout.catalogue):
            raise StorageError(f"{layout.catalogue} is not a regular file", "move it away")
        for path in _odd_logs(layout):
            raise StorageError(f"{path} is not a regular file", "run `edgarchive verify --repair`, which moves it away")
        if exists(layout.catalogue) and layout.catalogue.stat().st_size:
            return
    error = DamageError(f"{layout.catalogue} is missing or empty", REPAIR)
    lost = has_submissions(layout)
    if not writable or (lost and not creating):
        raise error
    if lost:
        _log.warning("%s", error, extra=event("catalogue-lost", path=str(layout.catalogue)))


def _odd_logs(layout: Layout) -> list[Path]:
    """What stands in place of one of SQLite's files beside the catalogue; SQLite would wait for a pipe's writer."""
    beside = [layout.catalogue.with_name(f"{layout.catalogue.name}{end}") for end in _LOGS]
    return [path for path in beside if is_taken(path) and not is_file(path)]


def set_odd_format_aside(layout: Layout) -> None:
    """Move anything but a regular file in the place of ``format.json`` to the quarantine. Raises `StorageError`."""
    path = layout.format_file
    if is_taken(path) and not is_file(path):
        _set_odd_files_aside(layout, [path])


def _set_odd_files_aside(layout: Layout, paths: Iterable[Path]) -> None:
    """Move them to the quarantine: what belongs in their place has no content there."""
    with storage_errors(layout.quarantine):
        for path in paths:
            make_directories(layout.quarantine)
            place = layout.quarantine / f"{path.name}.odd"
            while is_taken(place):
                place = place.with_name(f"{place.name}.odd")
            path.rename(place)
            facts = event("odd-file-moved", path=str(path), place=str(place))
            _log.warning("%s is not a regular file; it is now %s", path, place, extra=facts)
        fsync_directory(layout.root)


def sound_catalogue(layout: Layout, on_damage: Callable[[DamageError], None]) -> Catalogue:
    """The catalogue after a full check; a lost or damaged one is replaced by an empty one, after calling `on_damage`.

    A damaged one goes to the quarantine. Raises `StorageError`.
    """
    _set_odd_files_aside(layout, _odd_logs(layout))
    try:
        check_catalogue(layout, writable=True, creating=False)
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
    """Move the catalogue and its log to the quarantine, durably, replacing an older one.

    Files that a killed repair has already moved there stay: only they contain what no stored file says.
    """
    paths = [layout.catalogue.with_name(f"{layout.catalogue.name}{end}") for end in ("", "-wal", "-shm")]
    with storage_errors(layout.quarantine):
        make_directories(layout.quarantine)
        if exists(layout.catalogue):
            if layout.catalogue.stat().st_size:
                for path in paths[1:]:
                    (layout.quarantine / path.name).unlink(missing_ok=True)
            else:  # it is empty, and the older one may not be
                layout.catalogue.unlink()
        for path in paths:
            if exists(path):
                path.replace(layout.quarantine / path.name)
        fsync_directory(layout.quarantine)
        fsync_directory(layout.root)


def sweep(layout: Layout) -> None:
    """Delete temporary files of dead runs: with the lock held, no other process has any. Folders are not ours."""
    with storage_errors(layout.incoming):
        if is_symlink(layout.incoming):
            raise StorageError(f"{layout.incoming} is a link, and its target would be emptied", "remove the link")
        if not is_dir(layout.incoming):
            return
        for leftover in layout.incoming.iterdir():
            if is_symlink(leftover) or not is_dir(leftover):
                with contextlib.suppress(FileNotFoundError):
                    leftover.unlink()
