"""The state of an export, for resuming it, and the record of the last one, for exporting only what is new."""

from __future__ import annotations

import contextlib
import fcntl
import glob
import json
import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from archiver.errors import LockedError, UsageError
from archiver.startup.dataclass import dataclass
from archiver.store.durable import make_directories, read_plain_file, storage_errors, write_file_durably
from archiver.store.locking import lock_at

_FORMAT = 2
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What reading a file raises that no export has written."""


@dataclass(frozen=True, slots=True)
class ExportState:
    """The state of an unfinished export.

    `options` is what was requested. `done` filings are written, the last of them `last`; `files` has the length of each
    growing file in bytes, and `parts` the finished Parquet files, each as it is called in the folder of the export.
    `failures` could not be read. What was stored after `until`, when the export began, by a run after `run` is not
    included; `latest` was the latest run then.
    """

    options: dict[str, Any]
    done: int
    last: str | None
    rows: int
    files: dict[str, int]
    until: datetime
    parts: tuple[str, ...] = ()
    failures: tuple[tuple[str, str], ...] = ()
    run: int = 0
    latest: int = 0

    def to_json(self) -> bytes:
        """The content of the file."""
        return json.dumps({"format": _FORMAT, **asdict(self)}, default=str).encode() + b"\n"

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """The state in a file; None if there is none or it cannot be read."""
        try:
            values = json.loads(read_plain_file(path))
            if values.pop("format") != _FORMAT:
                return None
            values["until"] = datetime.fromisoformat(values["until"])
            values["parts"] = tuple(values["parts"])
            values["failures"] = tuple((accession, error) for accession, error in values["failures"])
            return cls(**values)
        except _UNREADABLE:
            return None


class StateFile:
    """The file at `path` with the state of an export, locked while the export runs: two would mix their rows.

    A context manager. Raises `LockedError` if another export writes to the same place, and `StorageError`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_saved = False
        with storage_errors(path):
            make_directories(path.parent)
            self._lock = _locked(path)
            self._is_saved = os.fstat(self._lock).st_size > 0

    def save(self, state: ExportState) -> None:
        """Save `state` durably. The new file is locked before it takes the place of the old one."""
        lock = -1

        def take_lock(descriptor: int) -> None:
            nonlocal lock
            lock = os.dup(descriptor)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

        try:
            write_file_durably(self._path, state.to_json(), before_rename=take_lock)
        except BaseException:
            if lock >= 0:
                os.close(lock)
            raise
        os.close(self._lock)
        self._lock, self._is_saved = lock, True

    def forget(self) -> None:
        """Remove the file, which is no longer needed, and the temporary files of killed exports."""
        self._path.unlink(missing_ok=True)
        _sweep(self._path)
        self._is_saved = True

    def close(self) -> None:
        """Release the lock; a file in which nothing was saved is removed."""
        if not self._is_saved:
            with contextlib.suppress(OSError):
                self._path.unlink()
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _sweep(path: Path) -> None:
    """Remove what kills have left of writing `path`."""
    for left_over in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        left_over.unlink(missing_ok=True)


def _locked(path: Path) -> int:
    """A descriptor that locks the file at `path`, created if it is missing. Raises `LockedError`, OSError."""
    try:
        while (
            descriptor := lock_at(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, fcntl.LOCK_EX | fcntl.LOCK_NB)
        ) is None:
            """Another export has just replaced or removed the file."""
    except BlockingIOError:
        raise LockedError(
            f"another export to {path.parent / path.name[1:].removesuffix('.export')} is running",
            "wait until it ends, or choose another --out",
        ) from None
    return descriptor


@dataclass(frozen=True, slots=True)
class LastExport:
    """What an export had: what was stored by `until`, but for the accession numbers `again`.

    `had` are those stored shortly before or, by a wrong clock, later, each with the sha256 that was exported: of what
    was stored then the catalogue may have had no row yet. `run` was the latest run: what later ones stored is new,
    whatever their clock said; None if an older version has not recorded it, as with `selection`, which recognises the
    filters.
    """

    until: datetime
    again: frozenset[str]
    had: dict[str, str]
    run: int | None = None
    selection: str | None = None


_NOTHING = LastExport(datetime(1970, 1, 1, tzinfo=UTC), frozenset(), {})


def last_export(path: Path, of: str) -> LastExport:
    """What the exports `of` a table that used this file have had: nothing if it does not exist.

    Raises `UsageError` for any other file, also of exports of something else: it says nothing of what this one had.
    """
    try:
        values = json.loads(read_plain_file(path))
        until = datetime.fromisoformat(values["added_until"])
        run = None if values.get("run") is None else int(values["run"])
        others = values.get("of", of)
        selection = values.get("selection")
        last = LastExport(until, frozenset(values.get("again", ())), dict(values.get("had", {})), run, selection)
    except FileNotFoundError:
        return _NOTHING
    except _UNREADABLE:
        raise UsageError(f"{path} is not the state of an export", "name another file for --since-export") from None
    if others != of:
        raise UsageError(f"{path} is of exports of {others}", f"name a file for exports of {of} for --since-export")
    return last


def note_export(path: Path, of: str, last: LastExport) -> None:
    """Record the contents of an export. Raises `StorageError`."""
    values = {
        "of": of,
        "added_until": last.until.isoformat(),
        "again": sorted(last.again),
        "had": last.had,
        "run": last.run,
        "selection": last.selection,
    }
    write_file_durably(path, json.dumps(values).encode() + b"\n")
    with storage_errors(path):
        _sweep(path)
