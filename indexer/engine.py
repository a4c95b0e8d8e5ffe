"""The protocol that every full-text engine keeps. Language, snippets, hits and the command line stand above it.

An engine stores index entries, gives back those that a query tree matches, and knows nothing of the archive.
A submission's entries are replaced together: after `adopt` and `commit` only the newest of them can be found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self, runtime_checkable

from archiver.identifiers import AccessionNumber
from indexer.entries import IndexEntry
from indexer.fields import PARTY_FACETS, Facet, facet_value
from indexer.query.language.leaves import join_all
from indexer.query.nodes import All, Node, Not, OfFilings
from indexer.query.scopes.filings import Unit, across_documents
from indexer.query.scopes.parties import APART, HERE, asks_of_parties, needs_document, with_parties
from indexer.query.scopes.sections import asked_sections, in_section

Sort = Literal["relevance", "newest", "oldest", "added"]


@dataclass(frozen=True, slots=True)
class EngineHit:
    """One found entry: its stored JSON, and its score where a query (not only filters) was asked."""

    stored: str
    score: float | None


@dataclass(frozen=True, slots=True)
class EngineResult:
    """The exact number of what was found (submissions, or documents if asked so) and the wanted page of it."""

    total: int
    hits: tuple[EngineHit, ...]


@dataclass(frozen=True, slots=True)
class FacetCount:
    """How many hits have a value: a number for ``cik``, ``sic`` and ``year``, else text as EDGAR writes it.

    `name` is what a CIK or SIC code is called, where that was asked for.
    """

    value: int | str
    count: int
    name: str | None = None


def ranked(facet: Facet, counts: Mapping[str, int]) -> tuple[FacetCount, ...]:
    """What `Engine.facet` gives for how many hits have each value as it is indexed: folded, a year as its digits."""
    found = [FacetCount(facet_value(facet, value), count) for value, count in counts.items()]
    return tuple(sorted(found, key=lambda one: (-one.count, one.value)))


def section_counts(
    engine: Engine,
    present: Iterable[FacetCount],
    query: Node | None,
    *,
    filters: Node | None,
    documents: bool,
) -> tuple[FacetCount, ...]:
    """The facet ``section``: in how many hits the words of `query` stand in each section that is `present` in them.

    Where `query` or `filters` ask for sections, only these are counted.
    """
    asked = asked_sections(query) | asked_sections(filters)
    counts: dict[str, int] = {}
    for one in present:
        key = str(one.value)
        if not asked or key in asked:
            counts[key] = engine.search(in_section(query, key), filters=filters, limit=0, documents=documents).total
    return ranked("section", {key: count for key, count in counts.items() if count})


_DEFECTS = (AttributeError, TypeError, NameError, ImportError, NotImplementedError, AssertionError)


def is_defect(error: BaseException, is_damaged: Callable[[], bool]) -> bool:
    """Whether `error`, raised while an index was read, is a mistake of the program and not of the index.

    Damaged bytes can look like a mistake too (what is unpickled has another type), so the index's own checksums decide.
    """
    return isinstance(error, _DEFECTS) and not is_damaged()


class PartWriter(Protocol):
    """Gathers entries apart from the index, in any process. No submission is added to it twice."""

    def add(self, accession: AccessionNumber, entries: Iterable[IndexEntry]) -> None:
        """Take the entries of one submission. Raises `StorageError`."""

    def finish(self) -> Any:
        """What `Engine.adopt` takes; it can be pickled. Nothing can be added after it. Raises `StorageError`."""

    def discard(self) -> None:
        """Drop what was gathered."""


class Engine(Protocol):
    """An open index. Reading is thread-safe; one writer at a time."""

    name: ClassVar[str]

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make an empty index in the empty folder `path` and open it for writing."""

    @classmethod
    def open(cls, path: Path, *, writable: bool = False) -> Self:
        """Open the index at `path`. Raises `IndexMissingError` where it cannot be read."""

    def delete(self, accession: AccessionNumber) -> None:
        """Drop the entries of a submission at the next `commit`."""

    def part_writer(self) -> Callable[[], PartWriter]:
        """What makes a `PartWriter`, to be called in any process while this index is open; it can be pickled.

        Raises `LockedError`, `StorageError`.
        """

    def adopt(self, part: Any) -> None:
        """Take what a part writer of this index has finished.

        The entries of each of its submissions replace all earlier ones of it at the next `commit`.
        Raises `LockedError`, `StorageError`.
        """

    def commit(self) -> None:
        """Make everything since the last commit durable, then visible, in one step.

        Raises `StorageError`, and `DamageError` where an adopted part does not hold what was put into it.
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
        """Entries that `query` and `filters` match; only `query` scores. None matches everything.

        One hit a submission, its best document, unless `documents`. Without `sort`: by relevance with a query, newest
        first without. Order is by filing date, acceptance and accession number wherever scores are equal.
        ``added``: what came into the archive last is first; of one second, the highest accession number.
        With `limit` 0 it only counts, with None it gives all.
        Raises `QueryError` where the tree would expand without bound.
        """

    def filings(self, tree: Node) -> frozenset[int]:
        """The numbers (`AccessionNumber.digits`) of the submissions with a matching document. Raises as `search`."""

    def facet(
        self, query: Node | None, facet: Facet, *, filters: Node | None = None, documents: bool = False
    ) -> tuple[FacetCount, ...]:
        """How many of all hits of such a search have each value, the most frequent first, then by value.

        A hit with several values (items, CIKs) counts for each, one without any for none. Raises as `search`.
        """

    def stored(self) -> Iterator[tuple[AccessionNumber, str, int | None]]:
        """Accession number, sha256 and sequence of every entry that can be found."""

    def check(self, *, quick: bool = False) -> Iterator[tuple[str, str]]:
        """What is damaged of what the engine itself keeps: the name of each such part, and what is wrong with it.

        Nothing where all is as it was committed. Reads all that the engine has put under a checksum, or, with `quick`,
        looks only at presence and size, and changes nothing.
        Raises `IndexMissingError` where it cannot even be opened.
        """

    def close(self) -> None:
        """Close the index. What was not committed is dropped."""


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
        """See `Engine.facet`. Raises as it."""
        query, filters = self._joined(query, filters)
        counts = self._engine.facet(query, facet, filters=filters, documents=documents)
        if facet not in PARTY_FACETS or not self._has_parties_apart():
            return counts
        summed = Counter({one.value: one.count for one in counts})
        apart = self._engine.filings(All(tuple(part for part in (query, filters, APART) if part is not None)))
        if not documents:
            summed.update(self._values_of_parties(facet, apart))
        for number in apart if documents else ():
            one = OfFilings(frozenset((number,)))
            hits = self._engine.search(query, filters=join_all((filters, one)), limit=0, documents=True).total
            summed.update({value: hits * count for value, count in self._values_of_parties(facet, one.numbers).items()})
        found = [FacetCount(value, count) for value, count in summed.items()]
        return tuple(sorted(found, key=lambda one: (-one.count, one.value)))

    def _values_of_parties(self, facet: Facet, numbers: frozenset[int]) -> dict[int | str, int]:
        """How many of these submissions have each value: in the entries of parties a submission has it once."""
        here = All((HERE, OfFilings(numbers)))
        return {one.value: one.count for one in self._engine.facet(None, facet, filters=here, documents=True)}

    def _joined(self, query: Node | None, filters: Node | None) -> tuple[Node | None, Node | None]:
        finds_parties = not (needs_document(query) or needs_document(filters))
        if not (finds_parties or asks_of_parties(query) or asks_of_parties(filters)) or not self._has_parties_apart():
            return query, filters
        query, filters = (
            None if tree is None else with_parties(tree, self._engine.filings) for tree in (query, filters)
        )
        return query, join_all((filters, Not(HERE))) if finds_parties else filters

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
    """An engine that keeps its index outside of the folder, on a server."""

    def replace(self, place: Path) -> None:
        """Take over what the index in folder `place` keeps outside of it; then this one's folder replaces that one."""

    def remove(self, *, keep: Path) -> None:
        """Remove what this index keeps outside of its folder, but nothing that the index in folder `keep` uses."""
