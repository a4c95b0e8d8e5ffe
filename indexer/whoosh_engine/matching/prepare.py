"""A query tree made ready for Whoosh: patterns and dates become sets of documents, with every expansion bounded.

What has no score of its own (filters, patterns, dates, NOT) is found as a sorted list of document numbers, once a
segment. Words score by BM25F; a phrase scores as its words do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from whoosh import query as whoosh_query
from whoosh.query import And, Not, Or, Phrase, Query, Term
from whoosh.query.compound import DefaultOr
from whoosh.searching import Searcher

from indexer.fields import date_number
from indexer.query.bounds import Deadline, bounded
from indexer.query.explain import spelled
from indexer.query.nodes import DateSpan, NameWords, Near, Stem, english_stem, phrase_parts, stem_beginning
from indexer.whoosh_engine.matching.evaluating import evaluate
from indexer.whoosh_engine.matching.proximity import Placed, Words, in_one_name, near, side_by_side
from indexer.whoosh_engine.matching.sets import DocumentSet
from indexer.whoosh_engine.reading import posting_blocks


def prepare(tree: Query, reader: Any, deadline: Deadline) -> Query:
    """`tree` with each node as Whoosh can match it, in the index that `reader` reads.

    Raises `QueryError` for what expands beyond a bound, at once or when it is matched.
    """
    return _Preparation(reader, deadline).node(tree)


class _Preparation:
    """One tree on its way: the index whose words patterns stand for, and the time there is."""

    def __init__(self, reader: Any, deadline: Deadline) -> None:
        self._reader = reader
        self._deadline = deadline
        self._expanded: dict[tuple[str, str], list[bytes]] = {}

    def node(self, tree: Query) -> Query:
        """The prepared query for any node."""
        if isinstance(tree, And):
            return And([self.node(child) for child in tree.subqueries])
        if isinstance(tree, Or):
            return DefaultOr([self.node(child) for child in tree.subqueries])
        if isinstance(tree, Not):
            return self._complement(self.node(tree.query))
        return tree if isinstance(tree, Term) else self._leaf(tree)

    def _leaf(self, tree: Query) -> Query:
        if isinstance(tree, (Phrase, whoosh_query.Sequence)):
            parts = [self._alternatives(part) for part in phrase_parts(tree)]
            return Placed(phrase_parts(tree)[0].fieldname, parts, side_by_side, deadline=self._deadline)
        if isinstance(tree, Near):
            times = Counter(self._alternatives(part) for part in tree.parts)
            holds = near(tree.distance, tuple(times.values()), deadline=self._deadline)
            return Placed(tree.fieldname, tuple(times), holds, deadline=self._deadline)
        if isinstance(tree, NameWords):
            parts = [self._alternatives(whoosh_query.Wildcard("name", word).normalize()) for word in tree.words]
            return Placed("name", parts, in_one_name, deadline=self._deadline)
        if isinstance(tree, DateSpan):
            return DocumentSet(lambda searcher: _dated(searcher, tree), score=1.0)
        terms = self._expand(tree)
        if isinstance(tree, Stem):
            return DefaultOr([Term(tree.fieldname, term) for term in terms]) if terms else whoosh_query.NullQuery
        return DocumentSet(lambda searcher: self._with_any(searcher, tree.fieldname, terms), score=1.0)

    def _alternatives(self, part: Query) -> Words:
        """The words that may stand in the place of one part of a phrase or name."""
        if isinstance(part, Term):
            return (part.text.encode(),)
        return tuple(self._expand(part))

    def _expand(self, pattern: Query) -> list[bytes]:
        """The words of the index that `pattern` stands for."""
        key = (pattern.fieldname, spelled(pattern))
        if key not in self._expanded:
            if isinstance(pattern, Stem):
                found: Iterable[bytes] = self._of_stem(pattern)
            else:
                found = (_bytes(word) for word in pattern._btexts(self._reader))  # noqa: SLF001 (Whoosh's only way in)
            self._expanded[key] = bounded(self._deadline.watch(found), spelled(pattern))
        return self._expanded[key]

    def _of_stem(self, pattern: Stem) -> Iterable[bytes]:
        """Words of the index with the same stem; they begin like it."""
        stem = english_stem(pattern.text)
        for word in self._deadline.watch(self._reader.expand_prefix(pattern.fieldname, stem_beginning(stem))):
            if english_stem(word.decode()) == stem:
                yield word

    def _with_any(self, searcher: Searcher, field: str, terms: list[bytes]) -> list[int]:
        reader = searcher.reader()
        found: set[int] = set()
        for term in self._deadline.watch(terms):
            for block in posting_blocks(reader, field, term, with_values=False):
                found.update(block.documents)
        return sorted(found.difference(reader.segment().deleted_docs()))

    def _complement(self, child: Query) -> Query:
        def find(searcher: Searcher) -> list[int]:
            excluded = evaluate(child, searcher)
            return [number for number in living(searcher) if number not in excluded]

        return DocumentSet(find, score=0.0)


def unscored(tree: Query) -> Query:
    """The same documents as the prepared `tree`, without score."""
    return DocumentSet(lambda searcher: sorted(evaluate(tree, searcher)), score=0.0)


def everything() -> Query:
    """All documents, without score."""
    return DocumentSet(living, score=0.0)


def _dated(searcher: Searcher, span: DateSpan) -> list[int]:
    first, last = max(1, date_number(span.first)), date_number(span.last)
    column = searcher.column(span.fieldname)
    if max(column) < first or min(column) > last:  # a segment holds one filing year, mostly
        return []
    return [number for number in living(searcher) if first <= column[number] <= last]


def _bytes(word: str | bytes) -> bytes:
    """Whoosh gives fuzzy words as text, and all others as the index holds them."""
    return word.encode() if isinstance(word, str) else word


def living(searcher: Searcher) -> Sequence[int]:
    """The numbers of the documents of a segment that are not deleted."""
    reader = searcher.reader()
    numbers = range(reader.doc_count_all())
    return [number for number in numbers if not reader.is_deleted(number)] if reader.has_deletions() else numbers
