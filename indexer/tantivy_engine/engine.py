"""The tantivy engine: opening, adding, deleting, committing, searching."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import ClassVar, Self, TypeVar

import tantivy

from archiver.errors import EdgarchiveError, IndexMissingError, LockedError, StorageError
from archiver.identifiers import AccessionNumber
from archiver.runtime.paths import exists
from archiver.runtime.retrying import with_retries
from archiver.store.durable import fsync_directory, remove_folder, set_mode, storage_errors
from indexer.engine import EngineResult, FacetCount, PartWriter, Sort, is_defect
from indexer.entries import exact
from indexer.fields import Facet
from indexer.query.bounds import Deadline
from indexer.query.nodes import Node, OfFilings, leaves
from indexer.query.scopes.filings import is_of_filings
from indexer.query.scopes.sections import scoped
from indexer.tantivy_engine.checksums import damaged_files
from indexer.tantivy_engine.facets import count_facet
from indexer.tantivy_engine.fields import schema
from indexer.tantivy_engine.parts import Part, TantivyPartWriter
from indexer.tantivy_engine.searching import Selected, collect, count_hits, first_documents, numbers_of, record_at
from indexer.tantivy_engine.siblings import SiblingNumbers, all_of, everything, last_group, unscored
from indexer.tantivy_engine.translating import score_levels, translate

T = TypeVar("T")

_FOLDER = "tantivy"
_MANAGED = ".managed.json"
_READERS_LOCK = ".tantivy-meta.lock"
_META = "meta.json"
_WRITER_BYTES = 256_000_000
"""Memory of the writer in bytes, over all its threads."""
_PAGE_DOCUMENTS = 100_000
"""Documents listed at a time; more where one submission has more."""
_OPEN_PATIENCE_S = 1.0
_READABLE_EVERY_S = 0.1
"""Shorter than `_OPEN_PATIENCE_S`, the time that readers wait for a list of files they may not read yet."""
_TOTALS = 1000
"""Number of totals cached per commit."""


class _Opened:
    """An open commit: its searcher, and the totals of recent searches."""

    def __init__(self, version: tuple[int, int], searcher: tantivy.Searcher) -> None:
        self.version = version
        self.searcher = searcher
        self._totals: dict[Hashable, int] = {}

    def total(self, asked: Hashable | None, count: Callable[[], int]) -> int:
        """The result of `count`, cached for the next page of the same `asked` unless that is None."""
        if asked is None:
            return count()
        known = self._totals.get(asked)
        if known is None:
            if len(self._totals) >= _TOTALS:
                self._totals.clear()
            known = self._totals[asked] = count()
        return known


class TantivyEngine:
    """See `indexer.engine.Engine`. tantivy's own files are in a subfolder of the index."""

    name: ClassVar[str] = "tantivy"

    def __init__(self, path: Path, index: tantivy.Index, *, writable: bool) -> None:
        self._path, self._building = path, path / "building"
        self._index = index
        self._writable = writable
        self._writer: tantivy.IndexWriter | None = None
        self._caretaker: _Caretaker | None = None
        self._siblings: SiblingNumbers | None = None
        self._opened: _Opened | None = None
        self._opening = threading.Lock()

    @classmethod
    def create(cls, path: Path) -> Self:
        """Create an empty index in the empty folder `path`, open for writing. Raises `StorageError`."""
        folder = path / _FOLDER
        with _writing(path):
            folder.mkdir()
            index = tantivy.Index(schema(), path=str(folder))
            fsync_directory(folder)
            fsync_directory(path)
        return cls(path, index, writable=True)

    @classmethod
    def open(cls, path: Path, *, writable: bool = False) -> Self:
        """Open the index at `path`. Raises `IndexMissingError` if it does not exist or cannot be read."""
        with _reading(path):
            return cls(path, _retried(lambda: tantivy.Index.open(str(path / _FOLDER))), writable=writable)

    def delete(self, accession: AccessionNumber) -> None:
        """Remove a submission's entries at the next commit. Raises `LockedError`, `StorageError`."""
        self._add({accession: 0}, ())

    def part_writer(self) -> Callable[[], PartWriter]:
        """See `indexer.engine.Engine.part_writer`. Raises `LockedError`, `StorageError`."""
        self._write()
        return partial(TantivyPartWriter, self._building)

    def adopt(self, part: Part) -> None:
        """See `indexer.engine.Engine.adopt`. Raises `LockedError`, `StorageError`, `DamageError`."""
        self._add(part.documents, part.rows())
        with storage_errors(part.path):
            part.path.unlink()

    def commit(self) -> None:
        """Publish additions and deletions, durably. Raises `StorageError`."""
        if self._writer is not None:
            with self._forgetting() as writer:
                writer.commit()
                writer.garbage_collect_files()
                self._let_read()
                self._caretaker = self._caretaker or _Caretaker(self._let_read)

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
        deadline = Deadline()

        def ask(opened: _Opened) -> EngineResult:
            searcher, own_schema = opened.searcher, self._index.schema
            selected = self._selected(searcher, query, filters, deadline, documents=documents)
            asked = None if _is_large(filters) else (query, filters, documents)
            return collect(
                searcher,
                selected,
                own_schema,
                total=opened.total(asked, lambda: count_hits(searcher, selected, own_schema, deadline)),
                sort=sort or ("newest" if query is None else "relevance"),
                limit=limit,
                offset=offset,
                deadline=deadline,
                read=partial(self._record, searcher),
            )

        return self._answer(ask)

    def filings(self, tree: Node) -> frozenset[int]:
        """See `indexer.engine.Engine.filings`. Raises as `search`."""
        deadline = Deadline()
        return self._answer(
            lambda opened: numbers_of(
                opened.searcher, self._selected(opened.searcher, None, tree, deadline, documents=True), deadline
            )
        )

    def facet(
        self, query: Node | None, facet: Facet, *, filters: Node | None = None, documents: bool = False
    ) -> tuple[FacetCount, ...]:
        """See `indexer.engine.Engine.facet`. Raises `QueryError`, `IndexMissingError`."""
        deadline = Deadline()

        def ask(opened: _Opened) -> tuple[FacetCount, ...]:
            selected = self._selected(opened.searcher, query, filters, deadline, documents=documents)
            return count_facet(opened.searcher, selected, facet, self._index.schema, deadline)

        return self._answer(ask)

    def stored(self) -> Iterator[tuple[AccessionNumber, str, int | None]]:
        """Accession number, sha256 and sequence of every searchable entry."""
        with _reading(self._path):
            searcher = self._newest().searcher
            first, most = 0, _PAGE_DOCUMENTS
            while True:
                after = tantivy.Query.range_query(
                    self._index.schema, "number", tantivy.FieldType.Unsigned, first, 10**18 - 1
                )
                found: list[tuple[int, tantivy.DocAddress]] = searcher.search(
                    after, limit=most, order_by_field="number", order=tantivy.Order.Asc
                ).hits
                is_last = len(found) < most
                if not is_last and found[0][0] == found[-1][0]:
                    most *= 2
                    continue
                for number, address in found:
                    if is_last or number != found[-1][0]:  # the last submission of a page may continue on the next
                        record = json.loads(bytes(searcher.doc(address)["record"][0]))
                        yield AccessionNumber(record["accession"]), record["sha256"], record["sequence"]
                if is_last:
                    return
                first = found[-1][0]

    def check(self, *, quick: bool = False) -> Iterator[tuple[str, str]]:
        """See `indexer.engine.Engine.check`. If there is a commit meanwhile, it checks again."""
        with _reading(self._path):
            while True:
                version = self._version()
                damaged = list(damaged_files(self._path / _FOLDER, quick=quick))
                if not damaged or version == self._version():
                    break
        yield from ((f"{_FOLDER}/{name}", fault) for name, fault in damaged)

    def close(self) -> None:
        """Close the index after segments have been merged, discarding what was not committed."""
        writer, self._writer = self._writer, None
        caretaker, self._caretaker = self._caretaker, None
        if caretaker is not None:
            caretaker.stop()
        if writer is not None:
            with _writing(self._path):
                writer.wait_merging_threads()
                self._let_read()
                remove_folder(self._building, ignore_errors=True)

    def _let_read(self) -> None:
        """Let those read the index who may read its ``meta.json``: tantivy keeps its lists of files to their owner.

        Its readers take a lock, for which they must be able to write to an empty file.
        """
        mode = (self._path / _META).stat().st_mode & 0o777 if exists(self._path / _META) else 0o600
        for name, bits in ((_META, mode), (_MANAGED, mode), (_READERS_LOCK, mode | (mode & 0o044) >> 1)):
            path = self._path / _FOLDER / name
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mode & 0o777 != bits:
                    set_mode(path, bits)

    def _write(self) -> tantivy.IndexWriter:
        if not self._writable:
            raise ValueError("the index is open for reading only")
        if self._writer is None:
            with _writing(self._path):
                self._writer = self._index.writer(_WRITER_BYTES)
                remove_folder(self._building, ignore_errors=True)
                self._building.mkdir(mode=0o700)
        return self._writer

    def _add(self, documents: Mapping[AccessionNumber, int], rows: Iterable[str]) -> None:
        """Add `rows`, grouped by submission with the given counts, replacing earlier entries, committed or not."""
        self._write()
        with self._forgetting() as writer:
            if self._siblings is None:
                with _reading(self._path):
                    self._siblings = SiblingNumbers(last_group(self._newest().searcher))
            for accession in documents:
                writer.delete_documents_by_term("accession", exact(accession))
            for line in self._siblings.number(documents.values(), rows):
                writer.add_json(line)

    @contextlib.contextmanager
    def _forgetting(self) -> Iterator[tantivy.IndexWriter]:
        """Discard what was not committed if the body fails."""
        writer = self._write()
        try:
            with _writing(self._path):
                yield writer
        except BaseException:
            self._writer = self._siblings = None
            with contextlib.suppress(Exception):  # it may be why the body failed
                writer.rollback()
            with contextlib.suppress(Exception):  # releases the lock even if somebody holds the error's frames
                writer.wait_merging_threads()
            raise

    def _answer(self, ask: Callable[[_Opened], T]) -> T:
        with _reading(self._path):
            return ask(self._newest())

    def _record(self, searcher: tantivy.Searcher, address: int) -> str:
        with _reading(self._path):
            return record_at(searcher, address)

    def _newest(self) -> _Opened:
        """The latest commit; threads may share it."""

        def newest() -> _Opened:
            version = self._version()
            if self._opened is None or self._opened.version != version:
                self._opened = _Opened(version, tantivy.Index.open(str(self._path / _FOLDER)).searcher())
            return self._opened

        with self._opening:
            return _retried(newest)

    def _version(self) -> tuple[int, int]:
        """The identity of the latest list of segments."""
        status = (self._path / _FOLDER / _META).stat()
        return status.st_ino, status.st_mtime_ns

    def _selected(
        self,
        searcher: tantivy.Searcher,
        query: Node | None,
        filters: Node | None,
        deadline: Deadline,
        *,
        documents: bool,
    ) -> Selected:
        """What `query` and `filters` select; only `query` scores."""
        own_schema = self._index.schema
        query, filters = scoped(query, filters)
        narrowed = [] if filters is None else [unscored(translate(filters, searcher, own_schema, deadline))]
        of_submissions = is_of_filings(query) and is_of_filings(filters)

        def found(tree: Node | None) -> tantivy.Query:
            parts = narrowed if tree is None else [translate(tree, searcher, own_schema, deadline), *narrowed]
            query = all_of(parts) if parts else everything()
            return first_documents(query, own_schema) if of_submissions and not documents else query

        return Selected(
            found(query),
            is_hit=documents or of_submissions,
            scored=query is not None,
            levels=tuple(map(found, (None,) if query is None else score_levels(query))),
        )


class _Caretaker:
    """Does `work` at intervals, in a thread, until stopped.

    After a commit, tantivy merges segments in its own threads, which do not report when they write ``meta.json``.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tantivy-readable", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(_READABLE_EVERY_S):
            with contextlib.suppress(OSError):  # the index is being removed; a commit would report it
                self._work()


def _is_large(tree: Node | None) -> bool:
    """Whether `tree` contains accession numbers, of which there may be a million."""
    return tree is not None and any(isinstance(leaf, OfFilings) for leaf in leaves(tree))


def _is_damaged(path: Path) -> bool:
    """Whether a file of the index differs from what was committed."""
    try:
        return any(True for _ in damaged_files(path / _FOLDER, quick=False))
    except Exception:  # noqa: BLE001 — whatever prevents reading the list of files
        return True


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Translate tantivy's errors for a missing or broken file; its panics do not derive from `Exception`."""
    try:
        yield
    except (EdgarchiveError, GeneratorExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        if is_defect(error, lambda: _is_damaged(path)):
            raise
        raise IndexMissingError(
            f"the index in {path} cannot be read ({type(error).__name__}: {error})", "run `edgarchive index --rebuild`"
        ) from error


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Translate tantivy's errors while it writes."""
    try:
        with storage_errors(path):
            yield
    except EdgarchiveError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        if "LockBusy" in str(error):
            raise LockedError(f"another process writes the index in {path}", "wait until it has ended") from None
        raise StorageError(f"cannot write {path}: {error}", "check the disk, then run `edgarchive index`") from error


def _retried(attempt: Callable[[], T]) -> T:
    """The result of `attempt`, repeated while files disappear because of another process's commit."""
    return with_retries(attempt, retry_if=(OSError, ValueError), patience_s=_OPEN_PATIENCE_S)
