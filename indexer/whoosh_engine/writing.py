"""Whoosh's segment writer, made durable: segments are on the disk before the table of contents that names them.

Whoosh itself syncs nothing, so that after a power cut its newest table of contents could name empty files.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from whoosh.filedb.filestore import FileStorage
from whoosh.index import FileIndex
from whoosh.reading import SegmentReader
from whoosh.writing import SegmentWriter

from archiver.durable import fsync_directory

_SMALL_DOCUMENTS = 2_000
_MAX_SMALL_SEGMENTS = 8
"""A small sync makes a small segment. When there are more of them than this, they become one, else a year of daily runs
would leave hundreds of segments, each with its open files and its cost in every search."""


class DurableStorage(FileStorage):  # type: ignore[misc]  # Whoosh has no types
    """A folder in which a renamed file is whole and stays after a power cut."""

    def rename_file(self, oldname: str, newname: str, safe: bool = False) -> None:  # noqa: FBT001, FBT002 (Whoosh's own)
        """Sync the file, give it its name, sync the folder."""
        _fsync(Path(self.folder) / oldname)
        super().rename_file(oldname, newname, safe=safe)
        fsync_directory(Path(self.folder))


class DurableWriter(SegmentWriter):  # type: ignore[misc]
    """A writer of one new segment. Takes Whoosh's lock; raises Whoosh's LockError where another process holds it."""

    def __init__(self, index: FileIndex) -> None:
        super().__init__(index)
        self._known = {segment.segment_id() for segment in self.segments}

    def commit(self) -> None:
        """Write the segment, merge small ones where they are too many, publish."""
        super().commit(mergetype=_merge_small)

    def _commit_toc(self, segments: list[Any]) -> None:
        folder = Path(self.storage.folder)
        for segment in segments:
            if segment.segment_id() not in self._known:
                for path in folder.glob(f"{segment.segment_id()}.*"):
                    _fsync(path)
        fsync_directory(folder)
        super()._commit_toc(segments)


def _merge_small(writer: SegmentWriter, segments: list[Any]) -> list[Any]:
    """Whoosh's merge policy: take small segments into the new one if they are many, drop those without documents."""
    living = [segment for segment in segments if segment.doc_count_all() > segment.deleted_count()]
    small = [segment for segment in living if segment.doc_count_all() < _SMALL_DOCUMENTS]
    if len(small) < _MAX_SMALL_SEGMENTS:
        return living
    for segment in small:
        reader = SegmentReader(writer.storage, writer.schema, segment)
        writer.add_reader(reader)
        reader.close()
    return [segment for segment in living if segment not in small]


def _fsync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
