"""A query tree as tantivy can match it, with every expansion bounded.

Only words score, by BM25 with Whoosh's constants; patterns and whole values score 1, filters and NOT nothing.
"""

from __future__ import annotations

import fnmatch
import itertools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tantivy import FieldType, Occur, Schema, Searcher
from tantivy import Query as TantivyQuery
from whoosh import query as whoosh_query
from whoosh.query import And, FuzzyTerm, Not, Or, Phrase, Prefix, Query, Term, Wildcard
from whoosh.support.levenshtein import levenshtein

from archiver.errors import QueryError
from indexer.fields import date_number
from indexer.query import bounds
from indexer.query.bounds import Deadline, bounded
from indexer.query.explain import spelled
from indexer.query.nodes import DateSpan, NameWords, Near, Stem, english_stem, phrase_parts, stem_beginning
from indexer.tantivy_engine.fields import WORD_FIELDS

MAX_PHRASE_WORDS = 16_384
"""Words of the index that all patterns of a phrase may stand for together: tantivy takes no more."""

_FIELDS_OF_DOCUMENTS = frozenset({"text", "description", "type"})
_INDEXED = {"text": "position", "description": "position", "name": "freq"}
_SPECIAL = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of the index that may stand in one place of a phrase, and a regular expression that finds just these.

    tantivy refuses an expression of more than 1 000 states, so a pattern is asked for as such.
    """

    words: tuple[str, ...]
    pattern: str


def is_of_submissions(tree: Query | None) -> bool:
    """Whether `tree` asks nothing of single documents: it matches all documents of a submission, or none."""
    if tree is None:
        return True
    return all(getattr(leaf, "fieldname", None) not in _FIELDS_OF_DOCUMENTS for leaf in _leaves(tree))


def _leaves(tree: Query) -> Iterator[Query]:
    if isinstance(tree, (And, Or)):
        for child in tree.subqueries:
            yield from _leaves(child)
    elif isinstance(tree, Not):
        yield from _leaves(tree.query)
    elif isinstance(tree, whoosh_query.Sequence):
        yield from tree.subqueries
    else:
        yield tree


def everything() -> TantivyQuery:
    """All documents, without score."""
    return unscored(TantivyQuery.all_query())


def unscored(query: TantivyQuery) -> TantivyQuery:
    """The same documents, without score."""
    return TantivyQuery.const_score_query(query, 0.0)


def all_of(queries: Iterable[TantivyQuery]) -> TantivyQuery:
    """What all of `queries` match; scores are added."""
    return TantivyQuery.boolean_query([(Occur.Must, query) for query in queries])


def any_of(queries: Iterable[TantivyQuery]) -> TantivyQuery:
    """What any of `queries` matches; scores are added."""
    return TantivyQuery.boolean_query([(Occur.Should, query) for query in queries])


def translate(tree: Query, searcher: Searcher, schema: Schema, deadline: Deadline) -> TantivyQuery:
    """`tree` as a query over the index that `searcher` reads. Raises `QueryError` for what passes a bound."""
    return _Translation(searcher, schema, deadline).node(tree)


class _Translation:
    """One tree on its way: the index whose words patterns stand for, and the time there is."""

    def __init__(self, searcher: Searcher, schema: Schema, deadline: Deadline) -> None:
        self._searcher = searcher
        self._schema = schema
        self._deadline = deadline

    def node(self, tree: Query) -> TantivyQuery:
        """The query for any node."""
        if isinstance(tree, And):
            parts = [
                (Occur.MustNot, self.node(child.query)) if isinstance(child, Not) else (Occur.Must, self.node(child))
                for child in tree.subqueries
            ]
            return TantivyQuery.boolean_query([(Occur.Must, everything()), *parts])
        if isinstance(tree, Or):
            return any_of(self.node(child) for child in tree.subqueries)
        if isinstance(tree, Not):
            return TantivyQuery.boolean_query([(Occur.Must, everything()), (Occur.MustNot, self.node(tree.query))])
        return self._leaf(tree)

    def _leaf(self, tree: Query) -> TantivyQuery:  # noqa: PLR0911 — one for each kind of leaf
        if isinstance(tree, Term):
            return self._word(tree.fieldname, tree.text)
        if isinstance(tree, (Phrase, whoosh_query.Sequence)):
            parts = phrase_parts(tree)
            return self._placed(parts[0].fieldname, [self._alternatives(part) for part in parts], self._side_by_side)
        if isinstance(tree, Near):
            found = [self._alternatives(part) for part in tree.parts]
            return self._placed(tree.fieldname, found, lambda field, parts: self._near(field, parts, tree.distance))
        if isinstance(tree, NameWords):
            return self._name(tree)
        if isinstance(tree, DateSpan):
            first, last = max(1, date_number(tree.first)), date_number(tree.last)
            return TantivyQuery.const_score_query(
                TantivyQuery.range_query(self._schema, tree.fieldname, FieldType.Unsigned, first, last), 1.0
            )
        words = self._expand(tree)
        if isinstance(tree, Stem):
            return any_of(self._word(tree.fieldname, word) for word in words)
        return TantivyQuery.const_score_query(
            TantivyQuery.term_set_query(self._schema, tree.fieldname, list(words)), 1.0
        )

    def _word(self, field: str, text: str) -> TantivyQuery:
        query = TantivyQuery.term_query(self._schema, field, text, index_option=_INDEXED.get(field, "basic"))
        if field not in WORD_FIELDS:
            return TantivyQuery.const_score_query(query, 1.0)
        # K1 and B are Whoosh's; its measure of how rare a word is stands in for tantivy's
        having, entries = self._searcher.doc_freq(field, text), max(1, self._searcher.num_docs)
        rarity = math.log1p((max(entries - having, 0) + 0.5) / (having + 0.5))
        return TantivyQuery.boost_query(query, (math.log(max(entries, having) / (having + 1)) + 1) / rarity)

    def _placed(
        self,
        field: str,
        parts: Sequence[Words],
        places: Callable[[str, Sequence[Words]], TantivyQuery],
    ) -> TantivyQuery:
        """Documents with a word of each of `parts` where `places` wants them; they score what these words score."""
        if not all(part.words for part in parts):
            return TantivyQuery.empty_query()
        scored = any_of(
            self._word(field, word) for word in dict.fromkeys(word for part in parts for word in part.words)
        )
        return all_of([unscored(places(field, parts)), scored])

    def _side_by_side(self, field: str, parts: Sequence[Words]) -> TantivyQuery:
        return self._phrase(field, list(enumerate(parts)))

    def _phrase(self, field: str, placed: list[tuple[int, Words]], *, slop: int = 0) -> TantivyQuery:
        """A word of each part, in these places from wherever it begins."""
        if all(len(part.words) == 1 for _, part in placed):
            return TantivyQuery.phrase_query(
                self._schema, field, [(place, part.words[0]) for place, part in placed], slop=slop
            )
        words = sum(len(part.words) for _, part in placed)
        if words > MAX_PHRASE_WORDS:
            raise QueryError(
                f"the patterns of a phrase stand for more than {MAX_PHRASE_WORDS} words of the index",
                "add letters to make them narrower",
            )
        alternatives: list[str | tuple[int, str]] = [(place, part.pattern) for place, part in placed]
        return TantivyQuery.regex_phrase_query(self._schema, field, alternatives, slop=slop)

    def _near(self, field: str, parts: Sequence[Words], distance: int) -> TantivyQuery:
        """A word of each of `parts`, each in a place of its own, with fewer than `distance` other places among them.

        tantivy's slop is exact for two words in either order, and finds too little for more (measured). So the orders
        and distances of three and more are written out, for documents in which each two are near enough.
        """
        if len(parts) == 2 and not _overlap(*parts):  # noqa: PLR2004
            return any_of(
                self._phrase(field, list(enumerate(order)), slop=distance - 1) for order in (parts, parts[::-1])
            )
        orders = list(dict.fromkeys(itertools.permutations(parts)))
        count = len(orders) * math.comb(distance - 1 + len(parts) - 1, len(parts) - 1)
        if count > bounds.MAX_EXPANSIONS:
            raise QueryError(
                f"{len(parts)} words with ~{distance} can stand in more than {bounds.MAX_EXPANSIONS} ways",
                "lower the distance, or leave words out",
            )
        ways = any_of(
            self._phrase(field, list(zip((0, *places), order, strict=True)))
            for order in orders
            for places in self._deadline.watch(
                itertools.combinations(range(1, len(parts) + distance - 1), len(parts) - 1)
            )
        )
        apart = [pair for pair in itertools.combinations(dict.fromkeys(parts), 2) if not _overlap(*pair)]
        widest = len(parts) - 2 + distance
        return all_of([*(self._near(field, pair, widest) for pair in apart), ways])

    def _name(self, tree: NameWords) -> TantivyQuery:
        """Entries with a name that has a word for each of the query's; each name is looked into by itself."""
        parts = [self._alternatives(Wildcard("name", word).normalize()) for word in tree.words]
        if len(parts) == 1 and len(parts[0].words) == 1:
            return self._word("name", parts[0].words[0])
        most = self._searcher.aggregate(TantivyQuery.all_query(), {"most": {"max": {"field": "names"}}})
        in_one = any_of(
            all_of(
                TantivyQuery.term_set_query(self._schema, "name_of", [f"{place}:{word}" for word in part.words])
                for part in parts
            )
            for place in range(int(most["most"]["value"] or 0))
        )
        return self._placed("name", parts, lambda _field, _parts: in_one)

    def _alternatives(self, part: Query) -> Words:
        """The words that may stand in the place of one part of a phrase or name."""
        words = (part.text,) if isinstance(part, Term) else self._expand(part)
        if isinstance(part, Prefix):
            return Words(words, f"{part.text}.*")
        if isinstance(part, Wildcard):
            return Words(words, part.text.replace("*", ".*").replace("?", "."))
        return Words(words, "|".join(words))

    def _expand(self, pattern: Query) -> tuple[str, ...]:
        """The words of the index that `pattern` stands for."""
        text: str = pattern.text
        if isinstance(pattern, Prefix):
            found = self._beginning(pattern.fieldname, text, limit=bounds.MAX_EXPANSIONS + 1)
        elif isinstance(pattern, Stem):
            stem = english_stem(text)
            found = (
                word for word in self._beginning(pattern.fieldname, stem_beginning(stem)) if english_stem(word) == stem
            )
        elif isinstance(pattern, FuzzyTerm):
            most: int = pattern.maxdist
            found = (
                word
                for word in self._beginning(pattern.fieldname, text[: pattern.prefixlength])
                if abs(len(word) - len(text)) <= most and levenshtein(word, text, most) <= most
            )
        else:
            matches = re.compile(fnmatch.translate(text)).match
            literal = _SPECIAL.split(text, maxsplit=1)[0]
            found = (word for word in self._beginning(pattern.fieldname, literal) if matches(word))
        return tuple(bounded(self._deadline.watch(found), spelled(pattern)))

    def _beginning(self, field: str, letters: str, *, limit: int | None = None) -> Iterator[str]:
        return (word for word, _ in self._searcher.terms_with_prefix(field, letters, None, limit))


def _overlap(one: Words, other: Words) -> bool:
    """Whether a word may stand for both."""
    return not set(one.words).isdisjoint(other.words)
