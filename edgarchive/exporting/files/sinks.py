"""Destinations of encoded rows: one file per table, or a folder of Parquet files by filing year."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol

from archiver.errors import UsageError
from archiver.runtime.paths import exists, is_dir, is_file
from archiver.store.durable import fsync_directory, make_directories, storage_errors
from edgarchive.exporting.files.state import ExportState
from edgarchive.exporting.files.writers import PART_BYTES, ParquetFile
from edgarchive.exporting.tables import Column, Table
from edgarchive.exporting.workers import Done


class Sink(Protocol):
    """Takes the results of workers, in order. Its methods raise `StorageError`."""

    def take(self, done: Done) -> None:
        """Write the rows of a task."""

    def checkpoint(self, coming: Done | None = None) -> tuple[dict[str, int], tuple[str, ...]] | None:
        """The lengths of files and the finished parts, all durable; None if the rows taken are not durable yet.

        `coming` is what will be taken next.
        """

    def finish(self) -> list[Path]:
        """Make everything durable and visible; returns the files."""

    def close(self) -> None:
        """Close what is open; a resumed export opens it again. Raises nothing."""

    def discard(self) -> None:
        """Remove what was begun; nothing is visible yet."""


class FileSink:
    """One file per table, written as `unfinished` names it until complete."""

    def __init__(self, paths: Mapping[Table, Path], heads: Mapping[Table, bytes], state: ExportState | None) -> None:
        self._paths = dict(paths)
        self._parts = unfinished(paths)
        self._files: dict[Table, IO[bytes]] = {}
        for table, path in self._paths.items():
            with storage_errors(path):
                make_directories(path.parent)
                self._files[table] = self._open(path, self._parts[table], heads.get(table, b""), state)

    @staticmethod
    def _open(path: Path, part: Path, head: bytes, state: ExportState | None) -> IO[bytes]:
        length = state.files.get(part.name, 0) if state else 0
        if length and not exists(part):  # complete, and visible already
            path.replace(part)
        file = _open_part(part, is_new=not length)
        file.truncate(length)
        file.seek(0, os.SEEK_END)
        if not length:
            file.write(head)
        return file

    def take(self, done: Done) -> None:
        """Append the rows."""
        for encoded in done.encoded:
            with storage_errors(self._paths[encoded.table]):
                self._files[encoded.table].write(encoded.data)

    def checkpoint(self, coming: Done | None = None) -> tuple[dict[str, int], tuple[str, ...]] | None:  # noqa: ARG002 — as the protocol has it
        """Make everything written so far durable."""
        lengths = {}
        for table, file in self._files.items():
            with storage_errors(self._paths[table]):
                file.flush()
                os.fsync(file.fileno())
                lengths[self._parts[table].name] = file.tell()
        return lengths, ()

    def finish(self) -> list[Path]:
        """Rename each file to its final name. A checkpoint must have been recorded after the last rows."""
        self.close()
        for table, path in self._paths.items():
            with storage_errors(path):
                self._parts[table].replace(path)
                fsync_directory(path.parent)
        return list(self._paths.values())

    def close(self) -> None:
        """Close the files. What cannot be written any more is lost, as after a kill."""
        for file in self._files.values():
            with contextlib.suppress(OSError):
                file.close()

    def discard(self) -> None:
        """Remove the unfinished files."""
        self.close()
        for part in self._parts.values():
            part.unlink(missing_ok=True)


def parts_are_there(folder: Path, state: ExportState) -> bool:
    """Whether the finished Parquet files of `state` are all there, below the folder that the export is in."""
    return all(is_file(folder / part) for part in state.parts)


def are_of(paths: Mapping[Table, Path], state: ExportState) -> bool:
    """Whether what is visible is of the export with this `state`: nothing is published before its size is recorded."""
    return all(path.stat().st_size == state.files.get(path.name) for path in paths.values() if exists(path))


def files_can_go_on(paths: Mapping[Table, Path], state: ExportState) -> bool:
    """Whether the files of `state` can be continued: unfinished and long enough, or complete and visible already.

    One that is visible has exactly the length of the state, since nothing is published before its end is recorded.
    """
    parts = unfinished(paths)
    return all(_continues(path, parts[table], state.files.get(parts[table].name)) for table, path in paths.items())


def _continues(path: Path, part: Path, length: int | None) -> bool:
    if length is None:
        return False
    if exists(part):
        return part.stat().st_size >= length and not exists(path)
    return path.stat().st_size == length if exists(path) else not length


def unfinished(paths: Mapping[Table, Path]) -> dict[Table, Path]:
    """The unfinished files of an export: ``NAME.part``, and ``NAME.TABLE.part`` for a second table.

    That of an export of something else to the file of the second table has another name.
    """
    first, *others = paths
    place = paths[first]
    return {first: place.with_name(f"{place.name}.part")} | {
        table: place.with_name(f"{place.name}.{table}.part") for table in others
    }


def _open_part(part: Path, *, is_new: bool) -> IO[bytes]:
    """The unfinished file `part`, never one that a link there leads to. Raises OSError."""
    if is_new:
        part.unlink(missing_ok=True)
    created = os.O_CREAT | os.O_EXCL if is_new else 0
    return os.fdopen(os.open(part, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | created, 0o666), "r+b")


class ParquetFileSink:
    """One Parquet file per table. Such a file is of no use before its end, so a stopped export begins it again."""

    def __init__(self, paths: Mapping[Table, Path], columns: Mapping[Table, Sequence[Column]]) -> None:
        self._paths = list(paths.values())
        self._files = {table: ParquetFile(path, columns[table]) for table, path in paths.items()}

    def take(self, done: Done) -> None:
        """Append the rows."""
        for encoded in done.encoded:
            self._files[encoded.table].write(encoded.data)

    def checkpoint(self, coming: Done | None = None) -> tuple[dict[str, int], tuple[str, ...]] | None:
        """Complete the files when nothing more comes."""
        return ({file.path.name: file.end() for file in self._files.values()}, ()) if coming is None else None

    def finish(self) -> list[Path]:
        """Make the complete files visible."""
        for file in self._files.values():
            file.publish()
        return self._paths

    def close(self) -> None:
        """Discard what is not visible."""
        for file in self._files.values():
            file.discard()

    def discard(self) -> None:
        """Discard what is not visible."""
        self.close()


class ParquetSink:
    """``year=YYYY/part-NNNN.parquet`` below one folder per table."""

    def __init__(
        self, paths: Mapping[Table, Path], columns: Mapping[Table, Sequence[Column]], state: ExportState | None
    ) -> None:
        self._paths = dict(paths)
        self._columns = dict(columns)
        self._folder = next(iter(paths.values())).parent
        self._parts = list(state.parts) if state else []
        self._open: dict[Table, ParquetFile] = {}
        self._year: int | None = None

    def take(self, done: Done) -> None:
        """Append the rows to the file of their year."""
        self._year = done.wanted[0].year
        for encoded in done.encoded:
            if encoded.table not in self._open:
                path = self._next_part(encoded.table, self._year)
                self._open[encoded.table] = ParquetFile(path, self._columns[encoded.table])
            self._open[encoded.table].write(encoded.data)

    def _next_part(self, table: Table, year: int) -> Path:
        folder = self._paths[table] / f"year={year}"
        number = sum(part.startswith(f"{self._name(folder)}/") for part in self._parts)
        return folder / f"part-{number:04d}.parquet"

    def _name(self, path: Path) -> str:
        """A path as in the state: the next run may call the folder of the export by another name."""
        return path.relative_to(self._folder).as_posix()

    def checkpoint(self, coming: Done | None = None) -> tuple[dict[str, int], tuple[str, ...]] | None:
        """The finished parts. Open parts are finished before another year begins, or when they are large."""
        is_large = any(file.text_bytes >= PART_BYTES for file in self._open.values())
        ends = coming is not None and (is_large or coming.wanted[0].year != self._year)
        if not ends:
            return None
        self._end_parts()
        return {}, tuple(self._parts)

    def finish(self) -> list[Path]:
        """Finish the last parts."""
        self._end_parts()
        return [self._folder / part for part in self._parts]

    def _end_parts(self) -> None:
        for file in self._open.values():
            file.end()
            file.publish()
            self._parts.append(self._name(file.path))
        self._open.clear()

    def close(self) -> None:
        """Discard the unfinished parts."""
        for file in self._open.values():
            file.discard()
        self._open.clear()

    def discard(self) -> None:
        """Discard the unfinished parts, and their folders."""
        folders = [folder for file in self._open.values() for folder in file.path.parents[:2]]
        self.close()
        for folder in folders:
            if folder in self._paths.values() or folder.parent in self._paths.values():
                with contextlib.suppress(OSError):
                    folder.rmdir()


def check_free(path: Path, *, is_folder: bool) -> None:
    """Raise `UsageError` if an export would replace something; a folder may be there if it is empty."""
    if exists(path) and not (is_folder and is_dir(path) and not any(path.iterdir())):
        # not "remove it": it may be complete, and recorded by the last export, so that the next one does not have it
        raise UsageError(f"{path} already exists", "move it, or choose another --out")
