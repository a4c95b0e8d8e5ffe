"""The Whoosh engine: opening, adding, deleting, committing, searching."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self, TypeVar

from whoosh.index import TOC, EmptyIndexError, FileIndex
from whoosh.query import And, Query

from archiver.errors import EdgarchiveError, IndexMissingError
from archiver.identifiers import AccessionNumber
from archiver.runtime.retrying import with_retries
from archiver.store.durable import storage_errors
from indexer.engine import EngineResult, FacetCount, PartWriter, Sort, StoredHits, is_defect
from indexer.fields import Facet
from indexer.query.bounds import Deadline
from indexer.query.nodes import Node
from indexer.query.scopes.sections import scoped
from indexer.whoosh_engine.fields import schema
from indexer.whoosh_engine.folder import FolderStorage
from indexer.whoosh_engine.mapped_files import read_segments_where_they_are
from indexer.whoosh_engine.matching.matches import Matches, RecentMatches
from indexer.whoosh_engine.matching.prepare import everything, prepare, unscored
from indexer.whoosh_engine.matching.searching import EntrySearcher, collect, count_facet, submissions_of
from indexer.whoosh_engine.storage.commits import commit, contents_file, damaged_files

if TYPE_CHECKING:
    from indexer.whoosh_engine.storage.parts import Part
    from indexer.whoosh_engine.storage.writing import Writer

read_segments_where_they_are()

T = TypeVar("T")
_Version = tuple[int, int, int]

_OPEN_PATIENCE_S = 1.0
"""While another process commits, the files that a table of contents names may be gone before they are opened, and while
a rebuilt index takes the place of the old one, there is no table at all."""


class WhooshEngine:
    """See `indexer.engine.Engine`."""

    name: ClassVar[str] = "whoosh"

    def __init__(self, path: Path, index: FileIndex, *, writable: bool) -> None:
        self._path = path
        self._index = index
        self._writable = writable
        self._writer: Writer | None = None
        self._idle: list[tuple[_Version, EntrySearcher]] = []
        self._idle_lock = threading.Lock()
        self._recent = RecentMatches()

    @classmethod
    def create(cls, path: Path) -> Self:
        """Create an empty index in the empty folder `path`, open for writing. Raises `StorageError`."""
        commit(path, TOC(schema(), [], 0), {})
        with storage_errors(path):
            return cls(path, FileIndex(FolderStorage(str(path))), writable=True)

    @classmethod
    def open(cls, path: Path, *, writable: bool = False) -> Self:
        """Open the index at `path`. Raises `IndexMissingError` if it does not exist or cannot be read."""
        with _reading(path):
            return cls(path, _retried(lambda: FileIndex(FolderStorage(str(path)))), writable=writable)

    def delete(self, accession: AccessionNumber) -> None:
        """Remove a submission's entries at the next commit. Raises `LockedError`, `StorageError`."""
        self._write().delete(accession)

    def part_writer(self) -> Callable[[], PartWriter]:
        """See `indexer.engine.Engine.part_writer`. Raises `LockedError`, `StorageError`."""
        return self._write().part_writer()

    def adopt(self, part: Part) -> None:
        """See `indexer.engine.Engine.adopt`. Raises `LockedError`, `StorageError`."""
        self._write().adopt(part)

    def commit(self) -> None:
        """Publish additions and deletions, durably. Raises `DamageError`, `StorageError`."""
        if self._writer is not None:
            self._writer.commit()

    def search(
        self,
        query: Node | None,
        *,
        filters: Node | None = None,
        sort: Sort | None = None,
        limit: int | None = 10,
        offset: int = 0,
        documents: bool = False,
    ) -> EngineResult:
        """See `indexer.engine.Engine.search`. Raises `QueryError`, `IndexMissingError`."""

        def ask(searcher: EntrySearcher) -> EngineResult:
            deadline = Deadline()
            with self._matches(searcher, query, filters, deadline) as matches:
                result = collect(
                    searcher,
                    matches,
                    scored=query is not None,
                    sort=sort or ("newest" if query is None else "relevance"),
                    limit=limit,
                    offset=offset,
                    documents=documents,
                    deadline=deadline,
                    read=partial(self._record, searcher, threading.Lock()),
                )
            searcher.is_lent = isinstance(result.hits, StoredHits)
            return result

        return self._answer(ask)

    def filings(self, tree: Node) -> frozenset[int]:
        """See `indexer.engine.Engine.filings`. Raises as `search`."""

        def ask(searcher: EntrySearcher) -> frozenset[int]:
            deadline = Deadline()
            return submissions_of(searcher, Matches(lambda: _selected(searcher, None, tree, deadline)), deadline)

        return self._answer(ask)

    def facet(
        self, query: Node | None, facet: Facet, *, filters: Node | None = None, documents: bool = False
    ) -> tuple[FacetCount, ...]:
        """See `indexer.engine.Engine.facet`. Raises `QueryError`, `IndexMissingError`."""

        def ask(searcher: EntrySearcher) -> tuple[FacetCount, ...]:
            deadline = Deadline()
            with self._matches(searcher, query, filters, deadline) as matches:
                return count_facet(searcher, matches, facet, documents=documents, deadline=deadline)

        return self._answer(ask)

    def stored(self) -> Iterator[tuple[AccessionNumber, str, int | None]]:
        """Accession number, sha256 and sequence of every searchable entry."""
        with _reading(self._path), self._searcher() as searcher:
            for _, fields in searcher.reader().iter_docs():
                record = json.loads(fields["record"])
                yield AccessionNumber(record["accession"]), record["sha256"], record["sequence"]

    def check(self, *, quick: bool = False) -> Iterator[tuple[str, str]]:
        """See `indexer.engine.Engine.check`. If there is a commit meanwhile, it checks again."""
        with _reading(self._path):
            yield from _retried(lambda: self._damaged_files(quick=quick))

    def _damaged_files(self, *, quick: bool) -> list[tuple[str, str]]:
        while True:
            version = self._version()
            toc = TOC.read(self._index.storage, self._index.indexname)
            found = list(damaged_files(self._path, toc, quick=quick))
            if not found or version == self._version():
                return found

    def close(self) -> None:
        """Close the index, discarding what was not committed."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        with self._idle_lock:
            for _, searcher in self._idle:
                searcher.close()
            self._idle.clear()

    def _write(self) -> Writer:
        if not self._writable:
            raise ValueError("the index is open for reading only")
        if self._writer is None:
            from indexer.whoosh_engine.storage.writing import Writer  # noqa: PLC0415 — no search needs it

            self._writer = Writer(self._index)
        return self._writer

    def _answer(self, ask: Callable[[EntrySearcher], T]) -> T:
        """The result of `ask` for the latest commit; repeated if files disappear because of a commit."""

        def attempt() -> T:
            with self._searcher() as searcher:
                return ask(searcher)

        with _reading(self._path):
            return _retried(attempt)

    def _record(self, searcher: EntrySearcher, lock: threading.Lock, document: int) -> str:
        with _reading(self._path), lock:  # several threads may read the hits of a search
            record: str = searcher.stored_fields(document)["record"]
        return record

    @contextlib.contextmanager
    def _matches(
        self, searcher: EntrySearcher, query: Node | None, filters: Node | None, deadline: Deadline
    ) -> Iterator[Matches]:
        """What `query` and `filters` match, kept for the facets and further pages of the same search."""
        asked = searcher.contents, query, filters
        matches = Matches(lambda: _selected(searcher, query, filters, deadline), self._recent.get(asked))
        yield matches
        self._recent.keep(asked, matches.found)

    @contextlib.contextmanager
    def _searcher(self) -> Iterator[EntrySearcher]:
        """A searcher of the latest commit for one thread: Whoosh's files have a position and cannot be shared."""
        newest = self._version()
        with self._idle_lock:
            outdated = [searcher for version, searcher in self._idle if version != newest]
            self._idle = [idle for idle in self._idle if idle[0] == newest]
            searcher = self._idle.pop()[1] if self._idle else None
        for old in outdated:
            old.close()
        searcher = searcher or EntrySearcher(self._index.reader(), fromindex=self._index)
        try:
            yield searcher
        except OSError:  # what it could not read, it may not be able to read later
            searcher.close()
            raise
        except BaseException:
            self._give_back(newest, searcher)
            raise
        self._give_back(newest, searcher)

    def _give_back(self, version: _Version, searcher: EntrySearcher) -> None:
        if searcher.is_lent:
            return
        with self._idle_lock:
            self._idle.append((version, searcher))

    def _version(self) -> _Version:
        """The identity of the latest table of contents; numbers restart in a rebuilt index, but the file differs."""
        generation = self._index.latest_generation()
        status = contents_file(self._path, generation).stat()
        return generation, status.st_ino, status.st_mtime_ns


def _selected(searcher: EntrySearcher, query: Node | None, filters: Node | None, deadline: Deadline) -> Query:
    """What `query` and `filters` select, prepared for matching; only `query` scores."""
    reader = searcher.reader()
    query, filters = scoped(query, filters)
    parts = [] if query is None else [prepare(query, reader, deadline)]
    if filters is not None:
        parts.append(unscored(prepare(filters, reader, deadline), filters))
    if len(parts) == 1:
        return parts[0]
    return And(parts) if parts else everything()


def _is_damaged(path: Path) -> bool:
    """Whether a file of the index differs from what was committed."""
    try:
        index = FileIndex(FolderStorage(str(path)))
        toc = TOC.read(index.storage, index.indexname)
        return any(True for _ in damaged_files(path, toc, quick=False))
    except Exception:  # noqa: BLE001 — whatever prevents reading the list of files
        return True


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Translate Whoosh's errors for a missing or broken file; they share no class but Exception."""
    try:
        yield
    except (EdgarchiveError, GeneratorExit):
        raise
    except EmptyIndexError:
        raise IndexMissingError(f"there is no full-text index in {path}", "run `edgarchive index`") from None
    except Exception as error:
        if is_defect(error, lambda: _is_damaged(path)):
            raise
        raise IndexMissingError(
            f"the index in {path} cannot be read ({type(error).__name__}: {error})", "run `edgarchive index --rebuild`"
        ) from error


def _retried(attempt: Callable[[], T]) -> T:
    """The result of `attempt`, repeated while files disappear because of another process's commit."""
    return with_retries(attempt, retry_if=(FileNotFoundError, EmptyIndexError), patience_s=_OPEN_PATIENCE_S)
