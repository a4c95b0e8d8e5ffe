"""Parts of an index: segments that any process can write and the index then adopts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from archiver.identifiers import AccessionNumber
from archiver.startup.dataclass import dataclass
from archiver.store.durable import storage_errors
from indexer.entries import IndexEntry
from indexer.whoosh_engine.storage.commits import Segment

if TYPE_CHECKING:
    from indexer.whoosh_engine.storage.segments import SegmentBuilder


@dataclass(frozen=True, slots=True)
class Part:
    """The number of documents of each submission, and the segment with them, None if there are none."""

    documents: dict[AccessionNumber, int]
    segment: Segment | None


class WhooshPartWriter:
    """See `indexer.engine.PartWriter`. Writes its segment to a new folder inside `building`."""

    def __init__(self, building: Path) -> None:
        self._building = building
        self._documents: dict[AccessionNumber, int] = {}
        self._builder: SegmentBuilder | None = None

    def add(self, accession: AccessionNumber, entries: Iterable[IndexEntry]) -> None:
        """Add the entries of one submission. Raises `StorageError`."""
        with storage_errors(self._building):
            count = 0
            for count, entry in enumerate(entries, 1):  # noqa: B007 — the count is what is wanted
                if self._builder is None:
                    # numpy, which the process that only distributes the work does not need
                    from indexer.whoosh_engine.storage.segments import SegmentBuilder  # noqa: PLC0415 — as above

                    self._builder = SegmentBuilder(Path(mkdtemp(dir=self._building)))
                self._builder.add(entry)
            self._documents[accession] = count

    def finish(self) -> Part:
        """Write what was collected, durably. Raises `StorageError`."""
        with storage_errors(self._building):
            return Part(self._documents, None if self._builder is None else self._builder.finish())

    def discard(self) -> None:
        """Discard what was collected."""
        if self._builder is not None:
            self._builder.discard()
