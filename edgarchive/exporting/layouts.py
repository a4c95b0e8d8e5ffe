"""The submissions themselves in the folders of another program, as hard links: they take no room of their own."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from archiver.errors import DamageError
from archiver.store.durable import fsync_directory, make_directories, storage_errors
from archiver.store.layout import Layout
from edgarchive.exporting.rows import Wanted


class LayoutName(StrEnum):
    """The layouts there are."""

    EDGARTOOLS = "edgartools"


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of a filing: `error` says why it is not there; `copied`: as a copy, as no link could be made."""

    wanted: Wanted
    error: str | None = None
    copied: bool = False


def place_filings(wanted: Iterator[Wanted], root: Path, out: Path, *, copy: bool) -> Iterator[Placed]:
    """Put filings of the archive at `root` below `out`, as edgartools keeps them: ``filings/YYYYMMDD/ACC.nc.gz``.

    It reads gzip, and both formats of EDGAR behind that name (edgartools 5, ``edgar.use_local_storage``). The stored
    file is linked; copied with `copy`, or where a link is impossible: on another file system, or one without links.
    What is there already stays, unless the archive has other bytes by now. Raises `StorageError`.
    """
    layout, folders = Layout(root.expanduser().absolute()), set[Path]()
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
    except OSError:  # which of the many errors a file system without links gives, only a copy can tell
        return _copy(stored, place)
    return False


def _copy(stored: Path, place: Path) -> bool:
    _put(stored, place, _copy_durably, is_there=_is_same_copy)
    return True


def _put(
    stored: Path, place: Path, make: Callable[[Path, Path], None], *, is_there: Callable[[os.stat_result, Path], bool]
) -> None:
    """Make `place` of `stored` in one step, unless it is there."""
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
    with temporary.open("rb") as file:
        os.fsync(file.fileno())


def _is_same_file(status: os.stat_result, place: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(status, place.stat())
    return False


def _is_same_copy(status: os.stat_result, place: Path) -> bool:
    """Whether the copy has the size and time of what is stored, which changes only as a whole."""
    with contextlib.suppress(FileNotFoundError):
        there = place.stat()
        return not os.path.samestat(status, there) and (there.st_size, there.st_mtime_ns) == (
            status.st_size,
            status.st_mtime_ns,
        )
    return False
