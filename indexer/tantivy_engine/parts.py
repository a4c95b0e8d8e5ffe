"""Parts of a tantivy index: entries with their words split, in a file for the writer."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from archiver.errors import DamageError
from archiver.identifiers import AccessionNumber
from archiver.startup.dataclass import dataclass
from archiver.store.durable import storage_errors
from indexer.entries import IndexEntry
from indexer.tantivy_engine.fields import row


@dataclass(frozen=True, slots=True)
class Part:
    """What was collected: the number of documents of each submission, and the file with a row for each."""

    documents: dict[AccessionNumber, int]
    path: Path

    def rows(self) -> Iterator[str]:
        """The rows, one per entry. Raises `DamageError` if their number is not that written, `StorageError`."""
        count = 0
        with storage_errors(self.path), self.path.open(encoding="utf-8", newline="\n") as file:
            for count, line in enumerate(file, 1):  # noqa: B007 — the count is what is wanted
                yield line
        if count != sum(self.documents.values()):
            raise DamageError(f"{self.path} has {count} entries, not those written", "run `edgarchive index` again")


class TantivyPartWriter:
    """See `indexer.engine.PartWriter`. Writes one file in `building`."""

    def __init__(self, building: Path) -> None:
        self._building = building
        self._documents: dict[AccessionNumber, int] = {}
        with storage_errors(building):
            self._file: IO[bytes] = NamedTemporaryFile(dir=building, suffix=".jsonl", delete=False)  # noqa: SIM115 — closed by `finish`

    def add(self, accession: AccessionNumber, entries: Iterable[IndexEntry]) -> None:
        """Add the entries of one submission. Raises `StorageError`."""
        count = 0
        with storage_errors(self._building):
            for count, entry in enumerate(entries, 1):
                self._file.write(row(entry, is_first=count == 1))
        self._documents[accession] = count

    def finish(self) -> Part:
        """The finished part. It is not synced: a crash loses it, but nothing else. Raises `StorageError`."""
        with storage_errors(self._building):
            self._file.close()
        return Part(self._documents, Path(self._file.name))

    def discard(self) -> None:
        """Discard what was collected."""
        with contextlib.suppress(OSError):  # a full disk does not take what is still in memory, nor need it
            self._file.close()
        with storage_errors(self._building):
            os.unlink(self._file.name)  # noqa: PTH108 — a name, not a path
