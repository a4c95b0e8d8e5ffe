"""Submissions in the folder layouts of other programs, as hard links, which take no space."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path

from archiver.errors import DamageError
from archiver.startup.dataclass import dataclass
from archiver.store.durable import fsync_directory, fsync_file, make_directories, storage_errors
from archiver.store.layout import Layout
from edgarchive.exporting.rows import Wanted


class LayoutName(StrEnum):
    """The available layouts."""

    EDGARTOOLS = "edgartools"


@dataclass(frozen=True, slots=True)
class Placed:
    """The outcome for a filing: `error` is why it is missing; `copied`: it is a copy, since no link was possible."""

    wanted: Wanted
    error: str | None = None
    copied: bool = False


def place_filings(wanted: Iterator[Wanted], root: Path, out: Path, *, copy: bool) -> Iterator[Placed]:
    """Link filings of the archive at `root` below `out` for edgartools: ``filings/YYYYMMDD/ACC.nc.gz``.

    edgartools 5 reads gzip, and both of EDGAR's formats under that name (``edgar.use_local_storage``). Stored files are
    linked; they are copied with `copy`, or where links are impossible, such as on another file system. Existing files
    stay unless the archive has other bytes now. Raises `StorageError`.
    """
    layout, folders = Layout.of(root), set[Path]()
    put = _copy if copy else _link_or_copy
    for one in wanted:
        if one.record is None:
            yield Placed(one, error=f"{one.accession} is not in this archive")
            continue
        place = out / "filings" / f"{one.record.filing_date:%Y%m%d}" / f"{one.accession}.nc.gz"
        with storage_errors(place):
            if place.parent not in folders:
                make_directories(place.parent)
                folders.add(place.parent)
            try:
                yield Placed(one, copied=put(layout.submission(one.accession), place))
            except DamageError as error:
                yield Placed(one, error=error.message)
    for folder in folders:
        with storage_errors(folder):
            fsync_directory(folder)


def _link_or_copy(stored: Path, place: Path) -> bool:
    try:
        _put(stored, place, os.link, is_there=_is_same_file)
    except OSError:  # file systems without links raise many different errors; only copying can tell them apart
        return _copy(stored, place)
    return False


def _copy(stored: Path, place: Path) -> bool:
    _put(stored, place, _copy_durably, is_there=_is_same_copy)
    return True


def _put(
    stored: Path, place: Path, make: Callable[[Path, Path], None], *, is_there: Callable[[os.stat_result, Path], bool]
) -> None:
    """Create `place` from `stored` atomically unless it exists."""
    try:
        status = stored.stat()
    except FileNotFoundError:
        raise DamageError(f"{stored} is missing", "run `edgarchive verify`") from None
    if is_there(status, place):
        return
    temporary = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
    try:
        make(stored, temporary)
        temporary.replace(place)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


def _copy_durably(stored: Path, temporary: Path) -> None:
    shutil.copy2(stored, temporary)
    fsync_file(temporary)


def _is_same_file(status: os.stat_result, place: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(status, place.stat())
    return False


def _is_same_copy(status: os.stat_result, place: Path) -> bool:
    """Whether the copy has the size and time of the stored file, which only changes as a whole."""
    with contextlib.suppress(FileNotFoundError):
        there = place.stat()
        return not os.path.samestat(status, there) and (there.st_size, there.st_mtime_ns) == (
            status.st_size,
            status.st_mtime_ns,
        )
    return False
