"""Translating a query tree for tantivy, with limits for every expansion.

Only words score, by BM25 with Whoosh's constants; patterns and whole values score 1, filters and NOT nothing.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import assert_never

from tantivy import FieldType, Occur, Query, Schema, Searcher

from archiver.errors import QueryError
from archiver.startup.dataclass import dataclass
from indexer.entries import exact, section_word
from indexer.fields import MAX_NUMBER, NAME_FIELDS, date_number
from indexer.query import bounds
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
    span_words,
    spelled,
)
from indexer.tantivy_engine.fields import WORD_FIELDS
from indexer.tantivy_engine.searching import match_in_turn
from indexer.tantivy_engine.siblings import all_of, any_of, everything, unscored

MAX_PHRASE_WORDS = 16_384
"""Words of the index that all patterns of a phrase may match together; this is tantivy's limit."""

_INDEXED = {**dict.fromkeys(NAME_FIELDS, "freq"), "text": "position", "description": "position", "sections": "position"}


MAX_POSTINGS = 60_000
"""Words in all the phrases that a search is written out as, and letters of their regular expressions.

tantivy opens the postings of each word anew and makes an automaton of each expression, some kilobytes of memory for a
word or a letter, and cannot be stopped once it searches.
"""

MAX_AT_ONCE = 64
MAX_WAYS = 8 * MAX_AT_ONCE
"""Ways in which words may be near each other that are asked at once: of some words, and in a whole query.

For each of them, tantivy keeps the positions of the words in a document: a megabyte in one of some megabytes.
"""

MAX_COMPARED = 30_000_000
"""Ways in which words may be near each other, times the documents with the rarest of them: up to microseconds each."""

_MOST_STATES = 900
"""Bytes of a regular expression: tantivy refuses one of more than 1,000 states."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of the index that may be at one position, and a regular expression for exactly these.

    tantivy refuses an expression of more than 1,000 states, so a pattern is used as such.
    """

    words: tuple[str, ...]
    pattern: str


def score_levels(tree: Node) -> tuple[Node, ...]:
    """For a tree with few different scores: what matches the best documents, then all; otherwise empty.

    A word is searched in text and description, so a pattern has two scores: that of both, and that of one.
    """
    if _is_flat(tree):
        return (tree,)
    match tree:
        case AnyOf((one, other)) if _is_flat(one) and _is_flat(other):
            return All((one, other)), tree
        case _:
            return ()


def _is_flat(tree: Node) -> bool:
    """Whether all documents that match `tree` have the same score."""
    match tree:
        case All(parts):
            return all(map(_is_flat, parts))
        case Within(_, part):
            return _is_flat(part)
        case Not() | Value() | DateSpan() | Pattern() | Fuzzy():
            return True
        case _:
            return False


def translate(tree: Node, searcher: Searcher, schema: Schema, deadline: Deadline) -> Query:
    """`tree` as a query for the index of `searcher`. Raises `QueryError` for what exceeds a limit."""
    return _Translation(searcher, schema, deadline).node(tree)


class _Translation:
    """The translation of one tree, with the index whose words patterns match, and the remaining time."""

    def __init__(self, searcher: Searcher, schema: Schema, deadline: Deadline) -> None:
        self._searcher = searcher
        self._schema = schema
        self._deadline = deadline
        self._expanded: dict[WordLike, tuple[str, ...]] = {}
        self._expansions = Expansions()
        self._postings = 0
        self._compared = 0
        self._ways = 0
        self._section: str | None = None

    def node(self, tree: Node) -> Query:
        """The query for any node."""
        match tree:
            case All(parts):
                conditions = [
                    (Occur.MustNot, self.node(part.part)) if isinstance(part, Not) else (Occur.Must, self.node(part))
                    for part in parts
                ]
                return Query.boolean_query([(Occur.Must, everything()), *conditions])
            case AnyOf(parts):
                return any_of(self.node(part) for part in parts)
            case Not(part):
                return Query.boolean_query([(Occur.Must, everything()), (Occur.MustNot, self.node(part))])
            case _:
                return self._leaf(tree)

    def _leaf(self, leaf: Leaf) -> Query:  # noqa: C901, PLR0911, PLR0912 — one for each kind of leaf
        match leaf:
            case Within(key, part):
                return self._within(key, part)
            case InSection(_, keys):
                return any_of(self._word("section", exact(key)) for key in keys)
            case Word(field, text) | Value(field, text):
                return self._word(field, text)
            case Phrase(field, parts):
                return self._placed(field, [self._alternatives(part) for part in parts], self._side_by_side)
            case Near(field, parts, distance):
                found = [self._alternatives(part) for part in parts]
                return self._placed(field, found, lambda name, words: self._near(name, words, distance))
            case Proximity(field, left, right):
                sides = [[self._any_word(place) for place in span_words(span)] for span in (left, right)]
                return self._placed(field, sides[0] + sides[1], lambda _name, _words: self._apart(leaf, *sides))
            case NameWords():
                return self._name(leaf)
            case DateSpan(field, first, last):
                return self._between(field, max(1, date_number(first)), date_number(last))
            case AtLeast(field, number):
                return self._between(field, number, MAX_NUMBER)
            case OfFilings(numbers):
                return unscored(Query.term_set_query(self._schema, "number", list(numbers)))
            case Stem(field):
                return any_of(self._word(field, word) for word in self._expand(leaf))
            case Pattern(field) | Fuzzy(field):
                words = Query.term_set_query(self._schema, *self._terms(field, self._expand(leaf)))
                return Query.const_score_query(words, 1.0)
            case _:
                assert_never(leaf)

    def _between(self, field: str, first: int, last: int) -> Query:
        span = Query.range_query(self._schema, field, FieldType.Unsigned, first, last)
        return Query.const_score_query(span, 1.0)

    def _word(self, field: str, text: str) -> Query:
        field, (text,) = self._terms(field, (text,))
        query = Query.term_query(self._schema, field, text, index_option=_INDEXED.get(field, "basic"))
        if field not in WORD_FIELDS:
            return Query.const_score_query(query, 1.0)
        # K1 and B are Whoosh's; its inverse document frequency replaces tantivy's
        having, entries = self._searcher.doc_freq(field, text), max(1, self._searcher.num_docs)
        rarity = math.log1p((max(entries - having, 0) + 0.5) / (having + 0.5))
        return Query.boost_query(query, (math.log(max(entries, having) / (having + 1)) + 1) / rarity)

    def _within(self, key: str, part: TextLeaf) -> Query:
        """`part` within the section `key`."""
        self._section = key
        try:
            return self._leaf(part)
        finally:
            self._section = None

    def _terms(self, field: str, words: Sequence[str], *, is_pattern: bool = False) -> tuple[str, list[str]]:
        """The field to search for `words` or patterns, and their form there: in a section, prefixed words."""
        if self._section is None or field != "text":
            return field, list(words)
        prefix = section_word(self._section, "")
        if is_pattern:
            return "sections", [f"{re.escape(prefix)}({word})" for word in words]
        return "sections", [prefix + word for word in words]

    def _placed(
        self,
        field: str,
        parts: Sequence[Words],
        places: Callable[[str, Sequence[Words]], Query],
    ) -> Query:
        """Documents with a word of each of `parts` at positions that `places` accepts; they score as these words."""
        if not all(part.words for part in parts):
            return Query.empty_query()
        scored = any_of(
            self._word(field, word) for word in dict.fromkeys(word for part in parts for word in part.words)
        )
        return all_of([unscored(places(field, parts)), scored])

    def _side_by_side(self, field: str, parts: Sequence[Words]) -> Query:
        return self._any_way(self._phrase(field, list(enumerate(parts))), self._with_each(field, parts))

    def _with_each(self, field: str, parts: Sequence[Words]) -> list[Query]:
        """Documents with a word of each of `parts`, anywhere."""
        return [Query.term_set_query(self._schema, *self._terms(field, part.words)) for part in dict.fromkeys(parts)]

    def _any_way(self, ways: Iterable[Query], among: Iterable[Query]) -> Query:
        """Documents, all of them among these, that match any of `ways`; of many ways, they are found now."""
        tried = list(ways)
        if len(tried) <= MAX_AT_ONCE and self._ways + len(tried) <= MAX_WAYS:
            self._ways += len(tried)
            return any_of(tried)
        return match_in_turn(self._searcher, self._schema, tried, all_of(among), self._deadline, most=MAX_AT_ONCE)

    def _phrase(self, field: str, placed: list[tuple[int, Words]], *, slop: int = 0) -> Iterable[Query]:
        """A word of each part, at these positions from any beginning: as patterns, or, if that costs less, as words."""
        places, parts = zip(*placed, strict=True)
        of_patterns, patterns = self._terms(field, [part.pattern for part in parts], is_pattern=True)
        sizes = [len(pattern.encode()) for pattern in patterns]
        words = sum(len(part.words) for part in parts)
        written_out = math.prod(len(part.words) for part in parts) * len(parts)
        is_written_out = written_out <= words + sum(sizes) or max(sizes) > _MOST_STATES
        self._postings += written_out if is_written_out else words + sum(sizes)
        if self._postings > MAX_POSTINGS:
            raise QueryError(
                "the words near each other can be arranged in too many ways",
                "lower the distances, leave words out, or add letters to patterns",
            )
        if is_written_out:
            return [
                Query.phrase_query(self._schema, of_words, list(zip(places, terms, strict=True)), slop=slop)
                for of_words, terms in (
                    self._terms(field, chosen) for chosen in itertools.product(*(part.words for part in parts))
                )
            ]
        if words > MAX_PHRASE_WORDS:
            raise QueryError(
                f"the patterns of a phrase match more than {MAX_PHRASE_WORDS} words of the index",
                "add letters to make them narrower",
            )
        alternatives: list[str | tuple[int, str]] = list(zip(places, patterns, strict=True))
        return [Query.regex_phrase_query(self._schema, of_patterns, alternatives, slop=slop)]

    def _near(self, field: str, parts: Sequence[Words], distance: int) -> Query:
        """A word of each of `parts`, each at a position of its own, with fewer than `distance` others between them.

        tantivy's slop is exact for two words in either order, and matches too little for more (measured). So the orders
        and distances of three or more are enumerated, for documents in which each pair is near enough.
        """
        if len(parts) == 2 and not _overlap(*parts):  # noqa: PLR2004 — a pair
            orders = (self._phrase(field, list(enumerate(order)), slop=distance - 1) for order in (parts, parts[::-1]))
            return self._any_way(itertools.chain.from_iterable(orders), self._with_each(field, parts))
        repeated = math.prod(math.factorial(times) for times in Counter(parts).values())
        count = math.factorial(len(parts)) // repeated * math.comb(distance - 1 + len(parts) - 1, len(parts) - 1)
        if count > bounds.MAX_EXPANSIONS:
            raise QueryError(
                f"{len(parts)} words with ~{distance} can be arranged in more than {bounds.MAX_EXPANSIONS} ways",
                "lower the distance, or leave words out",
            )
        self._compare(field, parts, count)
        places = itertools.combinations(range(1, len(parts) + distance - 1), len(parts) - 1)
        ways = (
            self._phrase(field, list(zip((0, *at), order, strict=True)))
            for at in self._deadline.watch(places)
            for order in _orders(Counter(parts))
        )
        apart = [pair for pair in itertools.combinations(dict.fromkeys(parts), 2) if not _overlap(*pair)]
        widest = len(parts) - 2 + distance
        pairs = [self._near(field, pair, widest) for pair in apart]
        found = self._any_way(itertools.chain.from_iterable(ways), pairs or self._with_each(field, parts))
        return all_of([*pairs, found])

    def _apart(self, leaf: Proximity, left: Sequence[Words], right: Sequence[Words]) -> Query:
        """`left` and `right`, each adjacent, with every permitted distance enumerated."""
        ways: list[Query] = []
        for first, second in ((left, right),) if leaf.ordered else ((left, right), (right, left)):
            if not leaf.ordered and len(first) == len(second) == 1 and not _overlap(first[0], second[0]):
                ways += self._phrase(leaf.field, [(0, first[0]), (1, second[0])], slop=leaf.between)
                continue
            self._compare(leaf.field, [*first, *second], leaf.between + 1)
            for gap in self._deadline.watch(range(leaf.between + 1)):
                placed = [*enumerate(first), *enumerate(second, len(first) + gap)]
                ways += self._phrase(leaf.field, placed)
        return self._any_way(ways, self._with_each(leaf.field, [*left, *right]))

    def _compare(self, field: str, parts: Sequence[Words], ways: int) -> None:
        """Count documents in which words may be near each other in so many `ways`. Raises `QueryError` for too many."""
        having = []
        for part in dict.fromkeys(parts):
            where, words = self._terms(field, part.words)
            having.append(sum(self._searcher.doc_freq(where, word) for word in words))
        self._compared += ways * min(*having, self._searcher.num_docs)
        if self._compared > MAX_COMPARED:
            raise QueryError(
                "comparing the words near each other in all documents with them would take too long",
                "lower the distances, or ask for two of the words at a time",
            )

    def _any_word(self, parts: Sequence[WordLike]) -> Words:
        """The words that may be at one position, for one or several parts of a query."""
        found = [self._alternatives(part) for part in parts]
        if len(found) == 1:
            return found[0]
        words = tuple(dict.fromkeys(word for one in found for word in one.words))
        return Words(words, "|".join(f"({one.pattern})" for one in found if one.words))

    def _name(self, tree: NameWords) -> Query:
        """Entries with a name that has a word for each of the query's, in one of its spellings."""
        return any_of(self._spelled_name(tree.field, spelling) for spelling in tree.spellings())

    def _spelled_name(self, field: str, spelling: Iterable[Word | Pattern]) -> Query:
        """Entries with a name that has a word for each of `spelling`; each name is matched separately."""
        parts = [self._alternatives(word) for word in spelling]
        if len(parts) == 1 and len(parts[0].words) == 1:
            return self._word(field, parts[0].words[0])
        by_place = [self._by_place(f"{field}_of", part.words) for part in parts]
        in_one = any_of(
            all_of(Query.term_set_query(self._schema, f"{field}_of", of_part[place]) for of_part in by_place)
            for place in set.intersection(*map(set, by_place))
        )
        return self._placed(field, parts, lambda _field, _parts: in_one)

    def _by_place(self, field: str, words: Iterable[str]) -> dict[str, list[str]]:
        """The terms of `words` by the number of the name; few entries have more than a dozen names."""
        found: dict[str, list[str]] = {}
        for word in words:
            for term in self._beginning(field, f"{word}:", limit=None):
                found.setdefault(term.rpartition(":")[2], []).append(term)
        return found

    def _alternatives(self, part: WordLike) -> Words:
        """The words that match one part of a phrase or name."""
        words = self._expand(part)
        if isinstance(part, Pattern):
            return Words(words, part.text.replace("*", ".*").replace("?", "."))
        return Words(words, "|".join(words))

    def _expand(self, part: WordLike) -> tuple[str, ...]:
        """The words of the index that match `part`."""
        if part not in self._expanded:
            limit = bounds.MAX_EXPANSIONS + 1 if isinstance(part, Pattern) and part.prefix is not None else None
            found = expansion(part, lambda letters: self._beginning(part.field, letters, limit=limit))
            self._expanded[part] = tuple(self._expansions.take(self._deadline.watch(found), spelled(part)))
        return self._expanded[part]

    def _beginning(self, field: str, letters: str, *, limit: int | None) -> Iterator[str]:
        return (word for word, _ in self._deadline.watch(self._searcher.terms_with_prefix(field, letters, None, limit)))


def _orders(times: Counter[Words]) -> Iterator[tuple[Words, ...]]:
    """Each different order of words, of which some occur several `times`: `itertools.permutations` repeats them."""
    if not times:
        yield ()
    for first in times:
        for rest in _orders(times - Counter([first])):
            yield (first, *rest)


def _overlap(one: Words, other: Words) -> bool:
    """Whether a word may match both."""
    return not set(one.words).isdisjoint(other.words)
