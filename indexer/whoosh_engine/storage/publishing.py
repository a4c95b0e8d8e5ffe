"""Making segments part of an index: moved to its folder, then listed in a new table of contents, durably."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from whoosh.index import TOC, FileIndex, clean_files
from whoosh.reading import SegmentReader

from archiver.errors import DamageError, LockedError
from archiver.identifiers import AccessionNumber
from archiver.store.durable import OWNER_WRITES, files_in, fsync_directory, remove_folder, set_mode
from indexer.whoosh_engine.reading import posting_blocks
from indexer.whoosh_engine.storage.commits import (
    Checksum,
    Segment,
    checksums_file,
    commit,
    read_checksums,
    segment_file,
)
from indexer.whoosh_engine.storage.parts import Part

BUILDING = "building"
"""The subfolder in which segments are built. What a killed run left there is deleted by the next one."""

_SMALL_BYTES = 4_000_000
_MAX_SMALL_SEGMENTS = 8
"""A small sync makes a small segment. When there are more of them than this, they become one, else a year of daily runs
would leave hundreds of segments, each with its open files and its cost in every search."""


class Publisher:
    """The writer of an index. It takes Whoosh's lock and raises `LockedError` if another process holds it."""

    def __init__(self, index: FileIndex) -> None:
        self._index = index
        self._folder = Path(index.storage.folder)
        self._lock = index.lock("WRITELOCK")
        if not self._lock.acquire():
            raise LockedError(f"another edgarchive is writing to {self._folder}", "wait until it ends, or stop it")
        _restrict(Path(self._lock.filename))
        remove_folder(self.building, ignore_errors=True)
        self.building.mkdir(mode=0o700)

    @property
    def building(self) -> Path:
        """The folder for segments being built."""
        return self._folder / BUILDING

    def publish(self, parts: Sequence[Part]) -> None:
        """Add `parts` to the index and delete its earlier entries of their submissions, in one step.

        Raises `DamageError` if a part lacks documents.
        """
        toc = TOC.read(self._index.storage, self._index.indexname)
        sums = read_checksums(self._folder, toc.generation)
        with contextlib.ExitStack() as opened:

            def reader(segment: Any) -> Any:
                return opened.enter_context(contextlib.closing(SegmentReader(self._index.storage, toc.schema, segment)))

            readers = [reader(segment) for segment in toc.segments]
            _delete(readers, [accession for part in parts for accession in part.documents])
            for part in parts:
                if part.segment is not None:
                    sums[part.segment.path.name] = part.segment.checksum
                    readers.append(reader(self._move(part.segment)))
                    _check(readers[-1], part)
            living = [one for one in readers if one.doc_count()]
            small = [one for one in living if self._size(one.segment()) < _SMALL_BYTES]
            if len(small) > _MAX_SMALL_SEGMENTS and self._are_intact(small, sums):
                from indexer.whoosh_engine.storage.merging import merge_segments  # noqa: PLC0415 — numpy

                merged = merge_segments(self._temporary(), small)
                sums[merged.path.name] = merged.checksum
                living = [one for one in living if one not in small] + [reader(self._move(merged))]
            segments = [one.segment() for one in living]
        fsync_directory(self._folder)
        commit(self._folder, TOC(toc.schema, segments, toc.generation + 1), sums)
        clean_files(self._index.storage, self._index.indexname, toc.generation + 1, segments)
        newest = checksums_file(self._folder, toc.generation + 1)
        for outdated in files_in(self._folder, suffix=newest.suffix):
            if outdated != newest:
                outdated.unlink()

    def close(self) -> None:
        """Delete what was not published, and release the lock."""
        remove_folder(self.building, ignore_errors=True)
        self._lock.release()

    def _temporary(self) -> Path:
        return Path(mkdtemp(dir=self.building))

    def _move(self, segment: Segment) -> Any:
        _restrict(segment.path)  # before others can reach it
        segment.path.rename(self._folder / segment.path.name)
        return segment.whoosh

    def _are_intact(self, readers: Iterable[Any], sums: Mapping[str, Checksum]) -> bool:
        """Whether the segments are as committed: merging would hide damage under a new checksum."""
        names = [segment_file(one.segment()) for one in readers]
        return all(Checksum.of_file(self._folder / name) == sums.get(name) for name in names)

    def _size(self, segment: Any) -> int:
        return (self._folder / segment_file(segment)).stat().st_size


def _restrict(path: Path) -> None:
    """Let nobody but its owner write to a file: reading an index runs what it contains."""
    set_mode(path, path.stat().st_mode & OWNER_WRITES)


def _delete(readers: Iterable[Any], accessions: Iterable[AccessionNumber]) -> None:
    """Mark the documents of the submissions `accessions` as deleted."""
    terms = [accession.encode() for accession in accessions]
    for reader in readers:
        for term in terms:
            for block in posting_blocks(reader, "accession", term):
                for document in block.documents:
                    reader.segment().delete_document(document)


def _check(reader: Any, part: Part) -> None:
    found = {accession: reader.doc_frequency("accession", accession) for accession in part.documents}
    if found != part.documents or reader.doc_count_all() != sum(part.documents.values()):
        raise DamageError("a new segment lacks documents that were written to it", "try again")
