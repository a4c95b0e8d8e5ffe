"""The indexes of one quarter, as they were read or kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from archiver.catalogue.listings import IndexFile
from archiver.edgar.endpoints import Quarter
from archiver.listings.master_index import parse_master_index, unpack_master_index
from archiver.model import MasterIndexEntry


@dataclass(frozen=True, slots=True)
class QuarterIndex:
    """The indexes of one quarter: the quarterly one (None: EDGAR has none yet) and daily ones.

    `fresh`: the quarterly one has come whole from EDGAR in this run, and is what its folder's list says. `asked`: EDGAR
    was asked for it at all.
    """

    quarter: Quarter
    full: tuple[IndexFile, bytes] | None
    daily: tuple[tuple[IndexFile, bytes], ...]
    fresh: bool = False
    asked: bool = True

    @property
    def files(self) -> tuple[IndexFile, ...]:
        """What is known of each of the files, the quarterly one first."""
        return tuple(file for file, _ in ([self.full, *self.daily] if self.full else self.daily))

    @property
    def version(self) -> str:
        """A text that changes with any of the files."""
        return version_of(self.files)

    def full_entries(self) -> Iterator[MasterIndexEntry]:
        """The rows of the quarterly index."""
        if self.full is not None:
            yield from parse_master_index(unpack_master_index(self.full[1]))

    def daily_entries(self) -> Iterator[MasterIndexEntry]:
        """The rows of the daily ones."""
        for _, body in self.daily:
            yield from parse_master_index(unpack_master_index(body))


def version_of(files: Iterable[IndexFile]) -> str:
    """A text that changes with any of the files."""
    known = "\n".join(f"{file.path} {file.sha256}" for file in files)
    return hashlib.sha256(known.encode()).hexdigest()
