"""The engine over Whoosh: opening, adding, deleting, committing, searching."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import ClassVar, Self, TypeVar

from whoosh.index import EmptyIndexError, FileIndex
from whoosh.index import LockError as WhooshLockError
from whoosh.query import And, Query

from archiver.durable import fsync_directory, storage_errors
from archiver.errors import EdgarchiveError, IndexMissingError, LockedError
from archiver.identifiers import AccessionNumber
from indexer.engine import EngineResult, EngineStats, Sort
from indexer.entries import IndexEntry
from indexer.whoosh_engine.fields import schema
from indexer.whoosh_engine.prepare import date_number, everything, prepare, unscored
from indexer.whoosh_engine.searching import EntrySearcher, collect
from indexer.whoosh_engine.writing import DurableStorage, DurableWriter

T = TypeVar("T")
_log = logging.getLogger(__name__)

_OPEN_ATTEMPTS = 20
_OPEN_PAUSE_S = 0.05
"""While another process commits, the files that a table of contents names may be gone before they are opened."""


class WhooshEngine:
    """See `indexer.engine.Engine`."""

    name: ClassVar[str] = "whoosh"

    def __init__(self, path: Path, index: FileIndex, *, writable: bool) -> None:
        self._path = path
        self._index = index
        self._writable = writable
        self._writer: DurableWriter | None = None
        self._pending: set[AccessionNumber] = set()
        self._idle: list[EntrySearcher] = []
        self._idle_lock = threading.Lock()

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make an empty index in the empty folder `path`, open for writing. Raises `StorageError`."""
        with storage_errors(path):
            index = FileIndex.create(DurableStorage(str(path)), schema())
            fsync_directory(path)
        return cls(path, index, writable=True)

    @classmethod
    def open(cls, path: Path, *, writable: bool = False) -> Self:
        """Open the index at `path`. Raises `IndexMissingError` where there is none or it cannot be read."""
        with _reading(path):
            return cls(path, _patiently(lambda: FileIndex(DurableStorage(str(path)))), writable=writable)

    def add(self, accession: AccessionNumber, entries: Iterable[IndexEntry]) -> None:
        """Take the entries of one submission. Raises `LockedError`, `StorageError`."""
        if accession in self._pending:  # what is not committed cannot be deleted, so commit it first
            self.commit()
        with self._writing() as writer:
            self._pending.add(accession)
            for entry in entries:
                writer.add_document(
                    text=entry.text,
                    description=entry.description,
                    name=entry.names,
                    form=(entry.form,),
                    type=(entry.type,) if entry.type else None,
                    item=entry.items,
                    cik=tuple(str(int(entity.cik)) for entity in entry.entities if entity.cik is not None),
                    accession=(entry.accession,),
                    sic=tuple(str(sic) for sic in entry.sics),
                    state=entry.states,
                    file=entry.file_numbers,
                    filed=date_number(entry.filing_date),
                    period=date_number(entry.period_of_report),
                    accepted=int(entry.acceptance_datetime.strftime("%Y%m%d%H%M%S"))
                    if entry.acceptance_datetime
                    else 0,
                    number=int(entry.accession.digits),
                    record=entry.stored(),
                )

    def delete(self, accession: AccessionNumber) -> None:
        """Drop a submission's entries at the next commit. Raises `LockedError`, `StorageError`."""
        self.add(accession, ())

    def commit(self) -> None:
        """Publish what was added and deleted, durably. Raises `StorageError`."""
        if self._writer is None:
            return
        with self._writing() as writer:
            with writer.reader() as reader:
                for accession in self._pending:
                    if ("accession", accession) in reader:
                        for document in reader.postings("accession", accession).all_ids():
                            writer.delete_document(document)
            writer.commit()
        self._writer = None
        self._pending.clear()

    def search(
        self,
        query: Query | None,
        *,
        filters: Query | None = None,
        sort: Sort | None = None,
        limit: int = 10,
        offset: int = 0,
        documents: bool = False,
    ) -> EngineResult:
        """See `indexer.engine.Engine.search`. Raises `QueryError`, `IndexMissingError`."""
        with self._searcher() as searcher:
            reader = searcher.reader()
            parts = [] if query is None else [prepare(query, reader)]
            if filters is not None:
                parts.append(unscored(prepare(filters, reader)))
            return collect(
                searcher,
                And(parts) if parts else everything(),
                scored=query is not None,
                sort=sort or ("newest" if query is None else "relevance"),
                limit=limit,
                offset=offset,
                documents=documents,
            )

    def stored(self) -> Iterator[tuple[AccessionNumber, str, int | None]]:
        """Accession number, sha256 and sequence of every entry that can be found."""
        with self._searcher() as searcher:
            for _, fields in searcher.reader().iter_docs():
                record = json.loads(fields["record"])
                yield AccessionNumber(record["accession"]), record["sha256"], record["sequence"]

    def stats(self) -> EngineStats:
        """Size of the index."""
        with self._searcher() as searcher:
            documents = searcher.doc_count()
        return EngineStats(documents, sum(file.stat().st_size for file in self._path.iterdir() if file.is_file()))

    def close(self) -> None:
        """Close the index. What was not committed is dropped."""
        self._abandon()
        with self._idle_lock:
            for searcher in self._idle:
                searcher.close()
            self._idle.clear()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[DurableWriter]:
        if not self._writable:
            raise ValueError("the index is open for reading only")
        with storage_errors(self._path):
            if self._writer is None:
                try:
                    self._writer = DurableWriter(self._index)
                except WhooshLockError:
                    raise LockedError(
                        f"another edgarchive is writing to {self._path}", "wait until it has ended, or stop it"
                    ) from None
            try:
                yield self._writer
            except BaseException:
                self._abandon()
                raise

    def _abandon(self) -> None:
        """Drop what was not committed and give Whoosh's lock back."""
        writer, self._writer = self._writer, None
        self._pending.clear()
        if writer is None:
            return
        try:
            writer.cancel()
        except (
            OSError,
            ValueError,
        ) as error:  # a full disk cannot even be closed upon; the next commit clears its files
            _log.warning("could not tidy up in %s: %s", self._path, str(error))
            writer.writelock.release()

    @contextlib.contextmanager
    def _searcher(self) -> Iterator[EntrySearcher]:
        """A searcher of the newest commit for one thread: Whoosh's files have one place each, so none may share it."""
        with _reading(self._path):
            searcher = self._take_searcher()
            try:
                yield searcher
            finally:
                with self._idle_lock:
                    self._idle.append(searcher)

    def _take_searcher(self) -> EntrySearcher:
        newest = self._index.latest_generation()
        with self._idle_lock:
            outdated = [idle for idle in self._idle if idle.generation != newest]
            self._idle = [idle for idle in self._idle if idle.generation == newest]
            found = self._idle.pop() if self._idle else None
        for idle in outdated:
            idle.close()
        return found or _patiently(lambda: EntrySearcher(self._index.reader(), fromindex=self._index))


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """What Whoosh raises over a missing or broken file, as ours: its own errors share no class but Exception."""
    try:
        yield
    except (EdgarchiveError, GeneratorExit):
        raise
    except EmptyIndexError:
        raise IndexMissingError(f"there is no index in {path}", "run `edgarchive index`") from None
    except Exception as error:
        raise IndexMissingError(
            f"the index in {path} cannot be read ({type(error).__name__}: {error})", "run `edgarchive index --rebuild`"
        ) from error


def _patiently(attempt: Callable[[], T]) -> T:
    """The result of `attempt`, tried again while files vanish under a commit of another process."""
    for _ in range(_OPEN_ATTEMPTS - 1):
        try:
            return attempt()
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
            time.sleep(_OPEN_PAUSE_S)
    return attempt()
