"""SQLite's errors as ours: for the catalogue, and for the plan of a run."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from archiver.errors import DamageError, StorageError


@contextlib.contextmanager
def database_errors(path: Path, *, hint: str) -> Iterator[None]:
    """Turn SQLite's errors on the database at `path` into `StorageError`, or `DamageError` with `hint`."""
    try:
        yield
    except sqlite3.OperationalError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the primary of an extended code
        if code == sqlite3.SQLITE_FULL:
            raise StorageError(f"no room left for {path}", "free some space and run again") from error
        if code == sqlite3.SQLITE_ERROR:  # SQL that is sound here: the tables it speaks of are not
            raise DamageError(f"{path} is damaged: {error}", hint) from error
        raise StorageError(f"cannot use {path}: {error}", "check the folder and its permissions") from error
    except sqlite3.DatabaseError as error:
        raise DamageError(f"{path} is damaged: {error}", hint) from error
