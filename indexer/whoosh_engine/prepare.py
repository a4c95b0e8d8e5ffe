"""A query tree made ready for Whoosh: patterns and dates become sets of documents, with every expansion bounded.

What has no score of its own (filters, patterns, dates, NOT) is found as a sorted list of document numbers, once a
segment, and stands in Whoosh's matcher tree as one matcher. Words and phrases stay Whoosh's own and score by BM25F.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from whoosh import query as whoosh_query
from whoosh.matching import ListMatcher, NullMatcher
from whoosh.query import And, Not, Or, Phrase, Query, SpanNear2, Term
from whoosh.query.compound import DefaultOr
from whoosh.searching import SearchContext, Searcher

from archiver.errors import QueryError
from indexer.query import DateSpan, NameWords
from indexer.whoosh_engine.fields import NAME_GAP

MAX_EXPANSIONS = 5_000
"""Words of the index that one pattern or fuzzy word may stand for."""

MAX_PHRASE_EXPANSIONS = 1_000
"""The same inside a phrase or a name, where the places of each must be compared."""


class DocumentSet(Query):  # type: ignore[misc]  # Whoosh has no types
    """Documents found by `find`, which gives the sorted numbers in one segment. Each scores `score`."""

    def __init__(self, find: Callable[[Searcher], Sequence[int]], *, score: float) -> None:
        self._find = find
        self._score = score

    def estimate_size(self, reader: Any) -> int:
        """Whoosh orders an intersection by this; a set is cheap to look up in, so it may come last."""
        return int(reader.doc_count_all())

    def matcher(self, searcher: Searcher, context: SearchContext | None = None) -> Any:  # noqa: ARG002 (Whoosh's own)
        """A matcher over the numbers found in this segment."""
        numbers = self._find(searcher)
        return SetMatcher(numbers, self._score) if numbers else NullMatcher()


class Near(SpanNear2):  # type: ignore[misc]
    """Whoosh's query for parts near each other; its own estimate of the size names a variable that does not exist."""

    def estimate_size(self, reader: Any) -> int:
        """As for an intersection: no more than the rarest part."""
        return min(int(part.estimate_size(reader)) for part in self.qs)


class SetMatcher(ListMatcher):  # type: ignore[misc]
    """Whoosh's list matcher with one score for all, 0 included, and a binary search."""

    def __init__(self, numbers: Sequence[int], score: float, place: int = 0) -> None:
        super().__init__(numbers, position=place)
        self._constant = score
        self._i: int

    def copy(self) -> SetMatcher:
        """Another matcher at the same place."""
        return SetMatcher(self._ids, self._constant, self._i)

    def skip_to(self, id: int) -> None:  # noqa: A002 (Whoosh's own)
        """Go to the first number that is `id` or more."""
        self._i = bisect_left(self._ids, id, self._i)

    def weight(self) -> float:
        """The constant."""
        return self._constant

    score = weight


def prepare(tree: Query, reader: Any) -> Query:
    """`tree` with each node as Whoosh can match it. Raises `QueryError` for a pattern that expands beyond the bound."""
    if isinstance(tree, And):
        return And([prepare(child, reader) for child in tree.subqueries])
    if isinstance(tree, Or):
        return DefaultOr([prepare(child, reader) for child in tree.subqueries])
    if isinstance(tree, Not):
        return _complement(prepare(tree.query, reader))
    return _leaf(tree, reader)


def unscored(tree: Query) -> Query:
    """The same documents as the prepared `tree`, without score."""
    return DocumentSet(lambda searcher: list(tree.matcher(searcher, searcher.boolean_context()).all_ids()), score=0.0)


def everything() -> Query:
    """All documents, without score."""
    return DocumentSet(_living, score=0.0)


def date_number(day: date | None) -> int:
    """A date as the columns hold it: 20041222, or 0 for none."""
    return day.year * 10_000 + day.month * 100 + day.day if day else 0


def _leaf(tree: Query, reader: Any) -> Query:
    if isinstance(tree, (Term, Phrase)):
        return tree
    if isinstance(tree, whoosh_query.Sequence):
        return Near([_alternatives(part, reader) for part in tree.subqueries], slop=tree.slop)
    if isinstance(tree, NameWords):
        parts = [_alternatives(_name_part(word), reader) for word in tree.words]
        return Near(parts, slop=NAME_GAP // 2, ordered=False, mindist=0) if len(parts) > 1 else parts[0]
    if isinstance(tree, DateSpan):
        return DocumentSet(lambda searcher: _dated(searcher, tree), score=1.0)
    terms = _expand(tree, reader, MAX_EXPANSIONS)
    return DocumentSet(lambda searcher: _with_any(searcher, tree.fieldname, terms), score=1.0)


def _name_part(word: str) -> Query:
    return whoosh_query.Wildcard("name", word).normalize()


def _alternatives(part: Query, reader: Any) -> Query:
    """A part of a phrase or name: a pattern as its words, so that each keeps its places."""
    if isinstance(part, Term):
        return part
    terms = _expand(part, reader, MAX_PHRASE_EXPANSIONS)
    return DefaultOr([Term(part.fieldname, term) for term in terms]) if terms else whoosh_query.NullQuery


def _expand(pattern: Query, reader: Any, bound: int) -> list[bytes]:
    found = list(itertools.islice(pattern._btexts(reader), bound + 1))  # noqa: SLF001 (Whoosh's only way in)
    if len(found) > bound:
        raise QueryError(
            f"{pattern.text!r} stands for more than {bound} words of the index", "add letters to make it narrower"
        )
    return found


def _with_any(searcher: Searcher, field: str, terms: list[bytes]) -> list[int]:
    reader = searcher.reader()
    found: set[int] = set()
    for term in terms:
        if (field, term) in reader:
            found.update(reader.postings(field, term).all_ids())
    return sorted(found)


def _dated(searcher: Searcher, span: DateSpan) -> list[int]:
    first, last = max(1, date_number(span.first)), date_number(span.last)
    column = searcher.column(span.fieldname)
    return [number for number in _living(searcher) if first <= column[number] <= last]


def _complement(child: Query) -> Query:
    def find(searcher: Searcher) -> list[int]:
        excluded = set(child.matcher(searcher, searcher.boolean_context()).all_ids())
        return [number for number in _living(searcher) if number not in excluded]

    return DocumentSet(find, score=0.0)


def _living(searcher: Searcher) -> Sequence[int]:
    reader = searcher.reader()
    numbers = range(reader.doc_count_all())
    return [number for number in numbers if not reader.is_deleted(number)] if reader.has_deletions() else numbers
