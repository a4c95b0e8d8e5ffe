"""The writing side of the engine: additions and deletions since the last commit, and the commit."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from whoosh.index import FileIndex

from archiver.identifiers import AccessionNumber
from archiver.store.durable import storage_errors
from indexer.whoosh_engine.storage.parts import Part, WhooshPartWriter
from indexer.whoosh_engine.storage.publishing import Publisher


class Writer:
    """The writer of `index`. Raises `LockedError` if another process writes, `StorageError`."""

    def __init__(self, index: FileIndex) -> None:
        self._path = Path(index.storage.folder)
        self._parts: list[Part] = []
        self._replaced: set[AccessionNumber] = set()
        with storage_errors(self._path):
            self._publisher = Publisher(index)

    def delete(self, accession: AccessionNumber) -> None:
        """Remove the entries of a submission at the next commit."""
        self._replace([accession])
        self._parts.append(Part({accession: 0}, None))

    def part_writer(self) -> Callable[[], WhooshPartWriter]:
        """See `indexer.engine.Engine.part_writer`."""
        return partial(WhooshPartWriter, self._publisher.building)

    def adopt(self, part: Part) -> None:
        """See `indexer.engine.Engine.adopt`."""
        self._replace(part.documents)
        self._parts.append(part)

    def commit(self) -> None:
        """Publish additions and deletions, durably."""
        with self._forgetting():
            if self._parts:
                self._publisher.publish(self._parts)
        self._forget()

    def close(self) -> None:
        """Discard what was not committed, and release the lock."""
        self._forget()
        with storage_errors(self._path):
            self._publisher.close()

    def _replace(self, accessions: Iterable[AccessionNumber]) -> None:
        """Record what is replaced; uncommitted entries cannot be replaced, so they are committed first."""
        accessions = set(accessions)
        if self._replaced & accessions:
            self.commit()
        self._replaced |= accessions

    @contextlib.contextmanager
    def _forgetting(self) -> Iterator[None]:
        """Discard what was not committed if the body fails."""
        try:
            with storage_errors(self._path):
                yield
        except BaseException:
            self._forget()
            raise

    def _forget(self) -> None:
        self._parts.clear()
        self._replaced.clear()
