"""The protocol that every full-text engine implements; query language, snippets and hits build on it.

An engine stores index entries, returns those that a query tree matches, and knows nothing about the archive. All
entries of a submission are replaced together: after `adopt` and `commit`, only the newest can be found.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self, overload, runtime_checkable

from archiver.identifiers import AccessionNumber
from archiver.startup.dataclass import dataclass
from indexer.entries import IndexEntry, exact
from indexer.fields import PARTY_FACETS, Facet, facet_value
from indexer.query.language.leaves import join_all
from indexer.query.nodes import All, InSection, Node, Not, OfFilings
from indexer.query.scopes.filings import Unit, across_documents
from indexer.query.scopes.parties import APART, HERE, asks_of_parties, needs_document, with_parties
from indexer.query.scopes.sections import asked_sections, in_section, scoped
from indexer.sections.forms import CONTROLS_KEY

Sort = Literal["relevance", "newest", "oldest", "added"]


@dataclass(frozen=True, slots=True)
class EngineHit:
    """A found entry: its stored JSON, and its score if there was a query and not only filters."""

    stored: str
    score: float | None


@dataclass(frozen=True, slots=True)
class EngineResult:
    """The exact number of hits (submissions, or documents if requested) and the requested page of them."""

    total: int
    hits: Sequence[EngineHit]


_READ_AT_ONCE = 1000


def read_hits(
    documents: Sequence[int], scores: Sequence[float] | None, read: Callable[[int], str]
) -> Sequence[EngineHit]:
    """The hits with these numbers, of which `read` returns the stored JSON: more than a thousand as `StoredHits`."""
    hits = StoredHits(array("Q", documents), None if scores is None else array("d", scores), read)
    return tuple(hits) if len(hits) <= _READ_AT_ONCE else hits


class StoredHits(Sequence[EngineHit]):
    """Hits that are read when reached, from the commit that was searched, whatever happened to the index since.

    Sixteen bytes each, so that all hits of a search among millions can be listed.
    """

    def __init__(self, documents: array[int], scores: array[float] | None, read: Callable[[int], str]) -> None:
        self._documents = documents
        self._scores = scores
        self._read = read

    @overload
    def __getitem__(self, place: int) -> EngineHit: ...

    @overload
    def __getitem__(self, place: slice) -> StoredHits: ...

    def __getitem__(self, place: int | slice) -> EngineHit | StoredHits:
        if isinstance(place, slice):
            scores = None if self._scores is None else self._scores[place]
            return StoredHits(self._documents[place], scores, self._read)
        return EngineHit(self._read(self._documents[place]), None if self._scores is None else self._scores[place])

    def __len__(self) -> int:
        return len(self._documents)


@dataclass(frozen=True, slots=True)
class FacetCount:
    """How many hits have a value: a number for ``cik``, ``sic`` and ``year``, otherwise text in EDGAR's spelling.

    `name` is the name of a CIK or SIC code, if requested.
    """

    value: int | str
    count: int
    name: str | None = None


def ranked(facet: Facet, counts: Mapping[str, int]) -> tuple[FacetCount, ...]:
    """The result of `Engine.facet` from counts by indexed value: folded text, or a year as digits."""
    return _most_frequent_first(FacetCount(facet_value(facet, value), count) for value, count in counts.items())


def _most_frequent_first(counts: Iterable[FacetCount]) -> tuple[FacetCount, ...]:
    return tuple(sorted(counts, key=lambda one: (-one.count, one.value)))


_DEFECTS = (AttributeError, TypeError, NameError, ImportError, NotImplementedError, AssertionError)


def is_defect(error: BaseException, is_damaged: Callable[[], bool]) -> bool:
    """Whether `error`, raised while reading an index, is a programming error and not damage.

    Damaged bytes can cause the same errors (unpickling gives another type), so the index's own checksums decide.
    """
    return isinstance(error, _DEFECTS) and not is_damaged()


class PartWriter(Protocol):
    """Collects entries apart from the index, in any process. No submission is added to it twice."""

    def add(self, accession: AccessionNumber, entries: Iterable[IndexEntry]) -> None:
        """Add the entries of one submission. Raises `StorageError`."""

    def finish(self) -> Any:
        """The finished part for `Engine.adopt`; it can be pickled.

        Nothing can be added afterwards. Raises `StorageError`.
        """

    def discard(self) -> None:
        """Discard what was collected."""


class Engine(Protocol):
    """An open index. Reading is thread-safe; one writer at a time."""

    name: ClassVar[str]

    @classmethod
    def create(cls, path: Path) -> Self:
        """Create an empty index in the empty folder `path` and open it for writing."""

    @classmethod
    def open(cls, path: Path, *, writable: bool = False) -> Self:
        """Open the index at `path`. Raises `IndexMissingError` if it cannot be read."""

    def delete(self, accession: AccessionNumber) -> None:
        """Remove the entries of a submission at the next `commit`."""

    def part_writer(self) -> Callable[[], PartWriter]:
        """A function that creates a `PartWriter` in any process while this index is open; it can be pickled.

        Raises `LockedError`, `StorageError`.
        """

    def adopt(self, part: Any) -> None:
        """Add a finished part of a part writer of this index.

        At the next `commit`, the entries of each of its submissions replace all earlier ones. Raises `LockedError`,
        `StorageError`.
        """

    def commit(self) -> None:
        """Make everything since the last commit durable, then visible, in one step.

        Raises `StorageError`, and `DamageError` if an adopted part does not contain what was written.
        """

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
        """Entries that match `query` and `filters`; only `query` affects the score. None matches everything.

        There is one hit per submission, its best document, unless `documents` is set. The default order is by relevance
        with a query, newest first without. Entries with equal scores are ordered by filing date, acceptance and
        accession number. ``added`` puts the latest additions to the archive first, and within a second the highest
        accession number. `limit` 0 only counts; None returns all. Raises `QueryError` if the tree would expand without
        limit. Many hits are read only when reached (`StoredHits`), which raises `IndexMissingError`.
        """

    def filings(self, tree: Node) -> frozenset[int]:
        """The numbers (`AccessionNumber.digits`) of submissions with a matching document. Raises as `search`."""

    def facet(
        self, query: Node | None, facet: Facet, *, filters: Node | None = None, documents: bool = False
    ) -> tuple[FacetCount, ...]:
        """How many of all hits of such a search have each value, most frequent first, then by value.

        A hit with several values (items, CIKs) counts for each, a hit without any for none. ``section`` has the
        sections of the hits, whatever matches within them (`JoinedEngine.facet`). Raises as `search`.
        """

    def stored(self) -> Iterator[tuple[AccessionNumber, str, int | None]]:
        """Accession number, sha256 and sequence of every searchable entry."""

    def check(self, *, quick: bool = False) -> Iterator[tuple[str, str]]:
        """Damage to the engine's own files: the name of each damaged part and what is wrong with it.

        Empty if everything is as committed. Reads all data with checksums or, with `quick`, checks only existence and
        size; changes nothing. Raises `IndexMissingError` if the index cannot be opened.
        """

    def close(self) -> None:
        """Close the index, discarding what was not committed."""


class JoinedEngine:
    """Asks `engine`, and joins parties that are in entries of their own with the documents of their submissions.

    Its answers are those of an index in which each document has the facts of all parties.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

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
        """See `Engine.search`. Raises as it."""
        query, filters = self._joined(query, filters)
        return self._engine.search(query, filters=filters, sort=sort, limit=limit, offset=offset, documents=documents)

    def filings(self, tree: Node) -> frozenset[int]:
        """See `Engine.filings`. Raises as it."""
        _, filters = self._joined(None, tree)
        return self._engine.filings(filters or tree)

    def facet(
        self, query: Node | None, facet: Facet, *, filters: Node | None = None, documents: bool = False
    ) -> tuple[FacetCount, ...]:
        """See `Engine.facet`; ``section`` counts the hits that match within each section. Raises as it."""
        query, filters = self._joined(query, filters)
        if facet == "section":
            return self._section_counts(query, filters, documents=documents)
        counts = self._engine.facet(query, facet, filters=filters, documents=documents)
        if facet not in PARTY_FACETS or not self._has_parties_apart:
            return counts
        query, filters = scoped(query, filters)  # before they are parts of other trees, where sections bind nothing
        summed = Counter({one.value: one.count for one in counts})
        apart = self._engine.filings(All(tuple(part for part in (query, filters, APART) if part is not None)))
        if not documents:
            summed.update(self._values_of_parties(facet, apart))
        for number in apart if documents else ():
            one = OfFilings(frozenset((number,)))
            hits = self._engine.search(query, filters=join_all((filters, one)), limit=0, documents=True).total
            summed.update({value: hits * count for value, count in self._values_of_parties(facet, one.numbers).items()})
        return _most_frequent_first(FacetCount(value, count) for value, count in summed.items())

    def _section_counts(self, query: Node | None, filters: Node | None, *, documents: bool) -> tuple[FacetCount, ...]:
        """In how many hits `query` matches within each section among them.

        If `query` or `filters` ask for sections, only these are counted; else each section under its own item alone.
        """
        asked = asked_sections(query) | asked_sections(filters)
        counts: dict[str, int] = {}
        # any document of a hit may have the section
        for one in self._engine.facet(query, "section", filters=filters, documents=True):
            key = str(one.value)
            if exact(key) in asked if asked else not key.endswith(CONTROLS_KEY):  # a section has its item's key as well
                within = All((InSection(key, (key,)), *(() if query is None else (in_section(query, key),))))
                others = None if filters is None else in_section(filters, key)
                counts[key] = self._engine.search(within, filters=others, limit=0, documents=documents).total
        return ranked("section", {key: count for key, count in counts.items() if count})

    def _values_of_parties(self, facet: Facet, numbers: frozenset[int]) -> dict[int | str, int]:
        """How many of these submissions have each value: in the entries of parties a submission has it once."""
        here = All((HERE, OfFilings(numbers)))
        return {one.value: one.count for one in self._engine.facet(None, facet, filters=here, documents=True)}

    def _joined(self, query: Node | None, filters: Node | None) -> tuple[Node | None, Node | None]:
        finds_parties = not (needs_document(query) or needs_document(filters))
        if not (finds_parties or asks_of_parties(query) or asks_of_parties(filters)) or not self._has_parties_apart:
            return query, filters
        query, filters = (
            None if tree is None else with_parties(tree, self._engine.filings) for tree in (query, filters)
        )
        return query, join_all((filters, Not(HERE))) if finds_parties else filters

    @cached_property
    def _has_parties_apart(self) -> bool:
        return self._engine.search(None, filters=HERE, limit=0, documents=True).total > 0


def within_unit(
    engine: Engine | JoinedEngine, query: Node | None, filters: Node | None, unit: Unit
) -> tuple[Node | None, Node | None]:
    """What to ask `engine` for, so that all words of `query` stand in one `unit`. Raises as `across_documents`."""
    if unit == "document":
        return query, filters
    return across_documents(
        query,
        filters,
        count=lambda tree: engine.search(None, filters=tree, limit=0).total,
        numbers=engine.filings,
    )


@runtime_checkable
class RemoteEngine(Engine, Protocol):
    """An engine whose index is on a server."""

    def replace(self, place: Path) -> None:
        """Take over the remote data of the index in folder `place`, whose folder then replaces this one's."""

    def remove(self, *, keep: Path) -> None:
        """Remove the remote data of this index, except what the index in folder `keep` uses."""
