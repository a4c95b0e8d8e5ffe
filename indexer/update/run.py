"""One indexing run: texts are stored, then parts of the index are committed as they arrive."""

from __future__ import annotations

import contextlib
import itertools
import logging
from collections.abc import Generator, Iterator

from archiver.catalogue.records import CatalogueRecord
from archiver.events import event
from archiver.identifiers import AccessionNumber
from archiver.runtime.progress import CancelToken, Progress, ProgressUpdate, checked_progress
from archiver.settings.settings import Settings
from archiver.startup.dataclass import dataclass
from archiver.store.archive import Archive
from indexer.engine import Engine
from indexer.texts.writer import TextWriter
from indexer.update.batches import Batch, Event, IndexFailure, Setup, read_here
from indexer.update.workers import read_in_workers

WORKERS_FROM_BYTES = 16_000_000
"""Decoded bytes from which worker processes are used; starting them takes longer than indexing less."""

_log = logging.getLogger(__name__)

Pairs = tuple[tuple[AccessionNumber, str], ...]


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """Indexing options: the arguments of `index_archive` that all kinds of runs share."""

    engine: str = "whoosh"
    settings: Settings | None = None
    jobs: int = 1
    max_text_chars: int | None = None
    keep_texts: bool = True
    progress: Progress | None = None
    cancel: CancelToken | None = None


@dataclass(frozen=True, slots=True)
class IndexReport:
    """The result of `index_archive`. `texts` counts the submissions whose texts were added to the text store."""

    indexed: int
    failed: tuple[IndexFailure, ...]
    texts: int = 0


class Run:
    """One run over the records of `archive`, into `index` and `texts`, each optional.

    `total` is the number of records, for progress.
    """

    def __init__(
        self, archive: Archive, index: Engine | None, texts: TextWriter | None, options: IndexOptions, *, total: int
    ) -> None:
        self._archive = archive
        self._index = index
        self._texts = texts
        self._options = options
        self._total = total
        self._progress = checked_progress(options.progress)
        self._cancel = options.cancel or CancelToken()
        self._done = 0
        self._indexed = 0
        self._texts_added = 0
        self._failures: list[IndexFailure] = []

    def commits(self, records: Iterator[CatalogueRecord]) -> Iterator[Pairs]:
        """Process `records`; after each commit, yield the accession numbers and sha256 that it made durable."""
        with contextlib.closing(self._events(records)) as events:
            for found in events:
                if isinstance(found, Batch):
                    self._commit(found)
                    yield found.pairs
                    continue
                if isinstance(found, IndexFailure):
                    self._note_failure(found)
                self._done += 1
                failed = len(self._failures)
                phase = "indexing" if self._index else "extracting texts"
                self._progress(ProgressUpdate(phase, done=self._done, total=self._total, failed=failed))
                self._cancel.check()
        if self._index is not None:
            self._index.commit()

    def report(self) -> IndexReport:
        """What was done so far."""
        return IndexReport(self._indexed, tuple(self._failures), self._texts_added)

    def _commit(self, found: Batch) -> None:
        """Make a part durable. Texts come first, so that everything in the index has its text."""
        if self._archive.writable:
            self._archive.catalogue.make_durable()  # otherwise a power failure may leave entries without rows
        if found.texts is not None and self._texts is not None:
            self._texts.adopt(found.texts)
            self._texts_added += len(found.texts.entries)
        if self._index is not None:
            self._index.adopt(found.part)
            self._index.commit()
            self._indexed += len(found.pairs)
            _log.info("%d submissions indexed", len(found.pairs), extra=event("indexed", count=len(found.pairs)))

    def _note_failure(self, failure: IndexFailure) -> None:
        if self._index is not None:
            self._index.delete(failure.accession)
        self._failures.append(failure)
        facts = event("index-failed", accession=failure.accession, error=failure.error)
        _log.info("%s cannot be indexed: %s", failure.accession, failure.message, extra=facts)

    def _events(self, records: Iterator[CatalogueRecord]) -> Generator[Event]:
        setup = Setup(
            self._archive.layout,
            None if self._index is None else self._index.part_writer(),
            self._options.max_text_chars,
            None if self._texts is None else self._texts.building,
        )
        first: list[CatalogueRecord] = []
        size = 0
        for record in records:
            first.append(record)
            size += record.size
            if size >= WORKERS_FROM_BYTES:  # even for one job: no submission then ends this process
                yield from read_in_workers(self._options.jobs, itertools.chain(first, records), setup)
                return
        yield from read_here(first, setup)
