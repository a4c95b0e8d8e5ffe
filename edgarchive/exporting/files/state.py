"""The state of an export, for resuming it, and the record of the last one, for exporting only what is new."""

from __future__ import annotations

import glob
import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from archiver.dataclass import dataclass
from archiver.errors import UsageError
from archiver.store.durable import write_file_durably

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class ExportState:
    """The state of an unfinished export.

    `options` is what was requested. `done` filings are written, the last of them `last`; `files` has the length of each
    growing file in bytes, and `parts` the finished Parquet files. `failures` could not be read. What was stored after
    `until`, when the export began, is not included.
    """

    options: dict[str, Any]
    done: int
    last: str | None
    rows: int
    files: dict[str, int]
    until: datetime
    parts: tuple[str, ...] = ()
    failures: tuple[tuple[str, str], ...] = ()

    def save(self, path: Path) -> None:
        """Save it durably. Raises `StorageError`."""
        write_file_durably(path, json.dumps({"format": _FORMAT, **asdict(self)}, default=str).encode() + b"\n")

    @staticmethod
    def forget(path: Path) -> None:
        """Remove the state in a file that is no longer needed, and what kills have left of writing it."""
        path.unlink(missing_ok=True)
        for left_over in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
            left_over.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """The state in a file; None if there is none or it cannot be read."""
        try:
            values = json.loads(path.read_bytes())
            if values.pop("format") != _FORMAT:
                return None
            values["until"] = datetime.fromisoformat(values["until"])
            values["parts"] = tuple(values["parts"])
            values["failures"] = tuple((accession, error) for accession, error in values["failures"])
            return cls(**values)
        except (OSError, ValueError, KeyError, TypeError):
            return None


@dataclass(frozen=True, slots=True)
class LastExport:
    """What an export had: what was stored by `until`, but for the accession numbers `again`.

    `had` are those stored shortly before, each with the sha256 that was exported: of what was stored then the catalogue
    may have had no row yet.
    """

    until: datetime
    again: frozenset[str]
    had: dict[str, str]


def last_export(path: Path) -> LastExport | None:
    """What the exports that used this file have had; None for a file that does not exist.

    Raises `UsageError` for a file that is none of these.
    """
    try:
        values = json.loads(path.read_bytes())
        until = datetime.fromisoformat(values["added_until"])
        return LastExport(until, frozenset(values.get("again", ())), dict(values.get("had", {})))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(f"{path} is not the state of an export", "name another file for --since-export") from None


def note_export(path: Path, last: LastExport) -> None:
    """Record the contents of an export. Raises `StorageError`."""
    values = {"added_until": last.until.isoformat(), "again": sorted(last.again), "had": last.had}
    write_file_durably(path, json.dumps(values).encode() + b"\n")
