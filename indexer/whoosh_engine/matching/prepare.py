"""Preparing a query tree for Whoosh: patterns and dates become sets of documents, with limits for every expansion.

What has no score of its own (filters, patterns, dates, NOT) becomes a sorted list of document numbers per segment.
Words score by BM25F; a phrase scores like its words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, assert_never

from whoosh.query import And, NullQuery, Query, Term
from whoosh.query.compound import DefaultOr
from whoosh.searching import Searcher

from indexer.entries import exact
from indexer.fields import MAX_NUMBER, date_number
from indexer.query.bounds import Deadline, Expansions
from indexer.query.expansion import expansion
from indexer.query.nodes import (
    All,
    AnyOf,
    AtLeast,
    DateSpan,
    Fuzzy,
    InSection,
    Leaf,
    NameWords,
    Near,
    Node,
    Not,
    OfFilings,
    Pattern,
    Phrase,
    Proximity,
    Stem,
    TextLeaf,
    Value,
    Within,
    Word,
    WordLike,
    spelled,
)
from indexer.query.places import Holds, anywhere, in_one_name, placement
from indexer.whoosh_engine.matching.evaluating import matching
from indexer.whoosh_engine.matching.proximity import Placed, Words
from indexer.whoosh_engine.matching.sets import DocumentSet
from indexer.whoosh_engine.reading import posting_blocks


def prepare(tree: Node, reader: Any, deadline: Deadline) -> Query:
    """`tree` as a query that Whoosh can match in the index of `reader`.

    Raises `QueryError` for what exceeds a limit, now or when it is matched.
    """
    return _Preparation(reader, deadline).node(tree)


class _Preparation:
    """The preparation of one tree, with the index whose words patterns match, and the remaining time."""

    def __init__(self, reader: Any, deadline: Deadline) -> None:
        self._reader = reader
        self._deadline = deadline
        self._expanded: dict[WordLike, Words] = {}
        self._expansions = Expansions()
        self._section: bytes | None = None

    def node(self, tree: Node) -> Query:
        """The prepared query for any node."""
        match tree:
            case All(parts):
                return And([self.node(part) for part in parts])
            case AnyOf(parts):
                return DefaultOr([self.node(part) for part in parts])
            case Not(part):
                return self._complement(self.node(part))
            case _:
                return self._leaf(tree)

    def _leaf(self, leaf: Leaf) -> Query:  # noqa: C901, PLR0911 — one for each kind of leaf
        match leaf:
            case Within(key, part):
                return self._within(key, part)
            case InSection(_, keys):
                return DefaultOr([Term("section", exact(key)) for key in keys])
            case Word(field) | Stem(field) | Pattern(field) | Fuzzy(field) if self._section is not None:
                terms = self._words(leaf)
                return self._placed(field, [terms], anywhere) if terms else NullQuery
            case Word(field, text) | Value(field, text):
                return Term(field, text)
            case Phrase(field) | Near(field) | Proximity(field):
                return self._placed(field, *placement(leaf, self._words, deadline=self._deadline))
            case NameWords():
                return self._name(leaf)
            case DateSpan(field, first, last):
                return _between(field, max(1, date_number(first)), date_number(last))
            case AtLeast(field, number):
                return _between(field, number, MAX_NUMBER)
            case OfFilings(numbers):
                return DocumentSet(lambda searcher: _of_filings(searcher, numbers), score=0.0)
            case Stem(field):
                terms = self._words(leaf)
                return DefaultOr([Term(field, term) for term in terms]) if terms else NullQuery
            case Pattern(field) | Fuzzy(field):
                terms = self._words(leaf)
                return DocumentSet(lambda searcher: self._with_any(searcher, field, terms), score=1.0)
            case _:
                assert_never(leaf)

    def _within(self, key: str, part: TextLeaf) -> Query:
        """`part` within the section `key`."""
        self._section = exact(key).encode()
        try:
            return self._leaf(part)
        finally:
            self._section = None

    def _placed(self, field: str, parts: Sequence[Words], holds: Holds) -> Placed:
        return Placed(field, parts, holds, deadline=self._deadline, section=self._section)

    def _name(self, leaf: NameWords) -> Query:
        found = ([self._words(word) for word in spelling] for spelling in leaf.spellings())
        # most ways to join words occur in no name, so what no name has is not pursued
        ways = [self._placed(leaf.field, parts, in_one_name) for parts in found if self._has_all(leaf.field, parts)]
        return (DefaultOr(ways) if len(ways) > 1 else ways[0]) if ways else NullQuery

    def _has_all(self, field: str, parts: Sequence[Words]) -> bool:
        return all(any((field, word) in self._reader for word in part) for part in parts)

    def _words(self, part: WordLike) -> Words:
        """The words of the index that match one part of a phrase or name."""
        if part not in self._expanded:
            found = expansion(part, lambda letters: self._beginning(part.field, letters))
            self._expanded[part] = tuple(word.encode() for word in self._expansions.take(found, spelled(part)))
        return self._expanded[part]

    def _beginning(self, field: str, letters: str) -> Iterable[str]:
        return (word.decode() for word in self._deadline.watch(self._reader.expand_prefix(field, letters)))

    def _with_any(self, searcher: Searcher, field: str, terms: Words) -> list[int]:
        reader = searcher.reader()
        found: set[int] = set()
        for term in self._deadline.watch(terms):
            for block in posting_blocks(reader, field, term, with_values=False):
                found.update(block.documents)
        return sorted(found.difference(reader.segment().deleted_docs()))

    def _complement(self, child: Query) -> Query:
        def find(searcher: Searcher) -> list[int]:
            excluded = matching(child, searcher)
            return [number for number in living(searcher) if number not in excluded]

        return DocumentSet(find, score=0.0)


def unscored(tree: Query, asked: Node) -> Query:
    """The documents of the prepared `tree`, without scores; a searcher caches the result of the filters `asked`."""
    return DocumentSet(lambda searcher: searcher.remembered(asked, lambda: sorted(matching(tree, searcher))), score=0.0)


def everything() -> Query:
    """All documents, without scores."""
    return DocumentSet(living, score=0.0)


def _between(field: str, first: int, last: int) -> Query:
    """The documents with a number from `first` to `last` in a column."""

    def find(searcher: Searcher) -> list[int]:
        least, greatest = searcher.extent(field)
        if greatest < first or least > last:  # a segment usually holds one filing year
            return []
        if first <= least and greatest <= last:
            return list(living(searcher))
        column = searcher.column(field)
        return [number for number in living(searcher) if first <= column[number] <= last]

    return DocumentSet(find, score=1.0)


def _of_filings(searcher: Searcher, numbers: frozenset[int]) -> list[int]:
    column = searcher.column("number")
    return [document for document in living(searcher) if column[document] in numbers]


def living(searcher: Searcher) -> Sequence[int]:
    """The numbers of the documents of a segment that are not deleted."""
    reader = searcher.reader()
    numbers = range(reader.doc_count_all())
    return [number for number in numbers if not reader.is_deleted(number)] if reader.has_deletions() else numbers
