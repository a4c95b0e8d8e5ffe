"""Collecting the matches of a prepared tree: exact totals, one hit per submission, any order, one page, facets."""

from __future__ import annotations

import heapq
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from whoosh.codec.whoosh3 import LENGTHS_COLUMN
from whoosh.searching import Searcher

from indexer.engine import EngineResult, FacetCount, Sort, ranked, read_hits
from indexer.fields import SUBMISSION_FACETS, Facet
from indexer.query.bounds import Deadline
from indexer.whoosh_engine.matching.evaluating import evaluate
from indexer.whoosh_engine.matching.matches import Matches
from indexer.whoosh_engine.matching.scores import ScoreTable, length_levels
from indexer.whoosh_engine.matching.sets import ManyScores
from indexer.whoosh_engine.reading import numbers, posting_blocks


class EntrySearcher(Searcher):  # type: ignore[misc]  # Whoosh has no types
    """Whoosh's searcher with cached columns of each segment. Not thread-safe."""

    def __init__(self, reader: Any, **options: Any) -> None:
        self._columns: dict[str, Sequence[int]] = {}
        self._extents: dict[str, tuple[int, int]] = {}
        self._length_codes: dict[str, Sequence[int]] = {}
        self._length_levels: dict[str, Sequence[float]] = {}
        self._score_tables: dict[str, dict[float, ScoreTable]] = {}
        self._filtered: dict[Hashable, array[int]] = {}
        self._values: dict[str, FieldValues] = {}
        self.is_lent = False
        """Whether hits read from it, which keep it open."""
        super().__init__(reader, **options)

    def column(self, name: str) -> Sequence[int]:
        """The numbers of column `name` by document number of this segment; 0 for documents without one."""
        if name not in self._columns:
            reader, count = self.reader(), self.doc_count_all()
            if reader.has_column(name):
                self._columns[name] = numbers(reader.column_reader(name, translate=False), count)
            else:
                self._columns[name] = array("I", bytes(4 * count))
        return self._columns[name]

    def extent(self, name: str) -> tuple[int, int]:
        """The least and the greatest number in column `name` of this segment, which has documents."""
        if name not in self._extents:
            column = self.column(name)
            self._extents[name] = min(column), max(column)
        return self._extents[name]

    @cached_property
    def has_siblings(self) -> bool:
        """Whether several documents of this segment, deleted ones included, are of one submission."""
        column = self.column("number")
        return len(set(column)) < len(column)

    def length_codes(self, field: str) -> Sequence[int]:
        """Whoosh's byte for the length of a field, by document number of this segment."""
        if field not in self._length_codes:
            column = self.reader()._perdoc._cached_reader(f"_{field}_len", LENGTHS_COLUMN)  # noqa: SLF001 — no other way
            self._length_codes[field] = column.load()
        return self._length_codes[field]

    def length_levels(self, field: str) -> Sequence[float]:
        """`scores.length_levels` of a field, from the searcher of the whole index."""
        if field not in self._length_levels:
            self._length_levels[field] = length_levels(self, field)
        return self._length_levels[field]

    def score_tables(self, field: str) -> dict[float, ScoreTable]:
        """Tables of scores in a field of the whole index, by the rarity of a word, for recent words."""
        tables = self._score_tables.setdefault(field, {})
        if len(tables) >= _REMEMBERED_TABLES:
            tables = self._score_tables[field] = {}
        return tables

    def remembered(self, asked: Hashable, find: Callable[[], Iterable[int]]) -> Sequence[int]:
        """The documents of this segment that filters select, cached for recent filters."""
        known = self._filtered.pop(asked, None)
        if known is None:
            known = array("I", find())
            while len(self._filtered) >= _REMEMBERED_FILTERS:
                del self._filtered[next(iter(self._filtered))]
        self._filtered[asked] = known
        return known

    @cached_property
    def contents(self) -> Hashable:
        """The identity of what can be found: the segments, and how many documents of each are deleted."""
        segments = [leaf.reader().segment() for leaf, _ in _leaves(self)]
        return tuple((segment.segment_id(), segment.deleted_count()) for segment in segments)

    def values_of(self, field: str, deadline: Deadline) -> FieldValues:
        """The values of a field in this segment by document, including deleted ones; cached."""
        if field not in self._values:
            self._values[field] = _values_of(self.reader(), field, self.doc_count_all(), deadline)
        return self._values[field]


class FieldValues(NamedTuple):
    """The values of a field in a segment.

    `first` has the number of each document's first value, 0 for none; `others` has the further ones of some documents.
    """

    values: Sequence[str]
    first: Sequence[int]
    others: Mapping[int, Sequence[int]]

    def counted(self, documents: Iterable[int]) -> Iterator[tuple[str, int]]:
        """How many of `documents` have each value that any of them has."""
        counts = Counter(map(self.first.__getitem__, documents))
        for document in self.others.keys() & set(documents):
            counts.update(self.others[document])
        return ((self.values[number], count) for number, count in counts.items() if number)


def _values_of(reader: Any, field: str, count: int, deadline: Deadline) -> FieldValues:
    values = [""]
    first = array("I", bytes(4 * count))
    others: defaultdict[int, list[int]] = defaultdict(list)
    for number, term in enumerate(deadline.watch(reader.lexicon(field)), start=1):
        values.append(term.decode())
        for block in posting_blocks(reader, field, term, with_values=False):
            for document in block.documents:
                if first[document]:
                    others[document].append(number)
                else:
                    first[document] = number
    return FieldValues(values, first, dict(others))


_REMEMBERED_FILTERS = 4
_REMEMBERED_TABLES = 16


class _Match(NamedTuple):
    """A matching document: its score, its number in the whole index, and its position in the segment's columns."""

    score: float
    document: int
    segment: _Segment


class _Segment(NamedTuple):
    """The columns of a segment, and the number of its first document in the whole index."""

    filed: Sequence[int]
    accepted: Sequence[int]
    number: Sequence[int]
    added: Sequence[int]
    first: int


def _order(sort: Sort) -> Callable[[_Match], tuple[float, ...]]:
    """The sort key: the primary criterion, then filing date, acceptance and accession number."""
    sign = 1 if sort == "oldest" else -1

    def key(match: _Match) -> tuple[float, ...]:
        segment = match.segment
        here = match.document - segment.first
        if sort == "added":
            return -segment.added[here], -segment.number[here], match.document
        by_date = (sign * segment.filed[here], sign * segment.accepted[here], sign * segment.number[here])
        return (*by_date, match.document) if sort != "relevance" else (-match.score, *by_date, match.document)

    return key


def collect(
    searcher: EntrySearcher,
    matches: Matches,
    *,
    scored: bool,
    sort: Sort,
    limit: int | None,
    offset: int,
    documents: bool,
    deadline: Deadline,
    read: Callable[[int], str],
) -> EngineResult:
    """The page of `matches` from `offset` on; `read` returns the record of a document.

    Raises `QueryError` after the `deadline`.
    """
    until = None if limit is None else offset + limit
    if until == offset:
        return EngineResult(_count(searcher, matches, documents=documents, deadline=deadline), ())
    total = 0
    hits: list[_Match] = []
    for leaf, first in sorted(_leaves(searcher), key=lambda placed: _precedence(placed[0], sort)):
        deadline.check()
        # ordering by date needs no scores but those of the hits shown
        if until is None:
            found: Collection[int] = matches.scores(leaf, first)
        elif sort == "relevance":
            found = matches.many_scores(leaf, first)
        else:
            found = matches.documents(leaf, first)
        total += len(found) if documents else _count_submissions(leaf, found)
        if until is None or len(hits) < until or not _is_behind(leaf, hits, sort, until):
            hits += _leading(leaf, first, matches, found, sort, until=until, documents=documents)
            if until is not None:
                hits = heapq.nsmallest(until, hits, key=_order(sort))
    page = sorted(hits, key=_order(sort))[offset:]
    scores = [match.score for match in page] if scored else None
    return EngineResult(total, read_hits([match.document for match in page], scores, read))


def _precedence(leaf: EntrySearcher, sort: Sort) -> int:
    """The place of a segment in the order in which hits are collected."""
    if sort == "relevance":
        return 0
    least, greatest = leaf.extent(_date_column(sort))
    return least if sort == "oldest" else -greatest


def _is_behind(leaf: EntrySearcher, hits: Sequence[_Match], sort: Sort, until: int) -> bool:
    """Whether every document of a segment comes after the first `until` of the ordered `hits`."""
    if sort == "relevance":
        return False
    last = hits[until - 1]
    column = last.segment.added if sort == "added" else last.segment.filed
    day = column[last.document - last.segment.first]
    return _precedence(leaf, sort) > (day if sort == "oldest" else -day)


def _date_column(sort: Sort) -> str:
    return "added_at" if sort == "added" else "filed"


def count_facet(
    searcher: EntrySearcher, matches: Matches, facet: Facet, *, documents: bool, deadline: Deadline
) -> tuple[FacetCount, ...]:
    """How many hits of `matches` have each value of `facet`, most frequent first. Raises as `collect`."""
    counts: Counter[str] = Counter()
    for leaf, first in _leaves(searcher):
        deadline.check()
        here = matches.documents(leaf, first)
        if not documents and leaf.has_siblings:
            one_of_each = dict(zip(_numbers(leaf, here), here, strict=True))
            if len(one_of_each) < len(here):
                # any document of a submission represents it in a facet of submissions, else the best
                here = (
                    one_of_each.values()
                    if facet in SUBMISSION_FACETS
                    else [match.document for match in _all_leading(leaf, matches, first)]
                )
        if facet == "year":
            filed = leaf.column("filed")
            days = Counter(map(filed.__getitem__, here))
            for day, count in days.items():
                counts[str(day // 10_000)] += count
        elif here:
            for value, count in leaf.values_of(facet, deadline).counted(here):
                counts[value] += count
    return ranked(facet, counts)


def _all_leading(leaf: EntrySearcher, matches: Matches, first: int) -> list[_Match]:
    """The best document of each submission; its number is that in the segment."""
    found = matches.scores(leaf, first)
    return _leading(leaf, 0, matches, found, "relevance", until=None, documents=False)


def _numbers(leaf: EntrySearcher, found: Iterable[int]) -> Iterator[int]:
    """The submission number of each document. All documents of a submission are in one segment."""
    return map(leaf.column("number").__getitem__, found)


def _count_submissions(leaf: EntrySearcher, found: Collection[int]) -> int:
    """The number of submissions that the documents `found` in a segment are of."""
    if not leaf.has_siblings:
        return len(found)
    if isinstance(found, ManyScores):
        return found.distinct(leaf.column("number"))
    return len(set(_numbers(leaf, found)))


def _leading(
    leaf: EntrySearcher,
    first: int,
    matches: Matches,
    found: Collection[int],
    sort: Sort,
    *,
    until: int | None,
    documents: bool,
) -> list[_Match]:
    """At least the first `until` hits of a segment, or all; `first` is the number of its first document.

    `found` are the documents of `matches`, for relevance with their scores. Matches that cannot be among the first are
    discarded early, since few of many matches are ever shown.
    """
    segment = _Segment(
        filed=leaf.column("filed"),
        accepted=leaf.column("accepted"),
        number=leaf.column("number"),
        added=leaf.column("added_at"),
        first=first,
    )
    wanted = until
    while True:
        chosen = found if wanted is None or wanted >= len(found) else _foremost(found, segment, sort, wanted)
        scores = found if isinstance(found, Mapping) else evaluate(matches.tree, leaf, set(chosen))
        hits = [_Match(scores[document], first + document, segment) for document in chosen]
        if not documents:
            hits = _best(hits)
        if wanted is None or until is None or len(hits) >= until or len(chosen) == len(found):
            return hits
        wanted *= 4


def _foremost(found: Collection[int], segment: _Segment, sort: Sort, count: int) -> Collection[int]:
    """The first `count` documents of `found` by the primary criterion, and all that equal the last."""
    if isinstance(found, ManyScores) and sort == "relevance":
        return found.foremost(count)
    if isinstance(found, Mapping) and sort == "relevance":
        least = heapq.nlargest(count, found.values())[-1]
        return [document for document, score in found.items() if score >= least]
    column = segment.added if sort == "added" else segment.filed
    days = [column[document] for document in found]
    if sort == "oldest":
        last = heapq.nsmallest(count, days)[-1]
        return [document for document, day in zip(found, days, strict=True) if day <= last]
    last = heapq.nlargest(count, days)[-1]
    return [document for document, day in zip(found, days, strict=True) if day >= last]


def _best(matches: Iterable[_Match]) -> list[_Match]:
    """The best document of each submission, the first of several equal ones."""
    best: dict[int, _Match] = {}
    for match in matches:
        number = match.segment.number[match.document - match.segment.first]
        known = best.setdefault(number, match)
        if (match.score, -match.document) > (known.score, -known.document):
            best[number] = match
    return list(best.values())


def _count(searcher: EntrySearcher, matches: Matches, *, documents: bool, deadline: Deadline) -> int:
    """The number of hits, without scoring or ordering them."""
    if not documents:
        return len(submissions_of(searcher, matches, deadline))
    count = 0
    for leaf, first in _leaves(searcher):
        deadline.check()
        count += len(matches.documents(leaf, first))
    return count


def submissions_of(searcher: EntrySearcher, matches: Matches, deadline: Deadline) -> frozenset[int]:
    """The numbers of submissions with a match. Raises `QueryError` after the `deadline`."""
    numbers_found: set[int] = set()
    for leaf, first in _leaves(searcher):
        deadline.check()
        numbers_found.update(_numbers(leaf, matches.documents(leaf, first)))
    return frozenset(numbers_found)


def _leaves(searcher: EntrySearcher) -> Iterator[tuple[EntrySearcher, int]]:
    """A searcher for each segment with documents, and the number of its first one in the whole index."""
    return ((leaf, offset) for leaf, offset in searcher.leaf_searchers() if leaf.doc_count_all())
