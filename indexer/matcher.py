"""Matching queries against a single filing without an index, with the same results as every engine.

Words are split and folded as for an index. Patterns, fuzzy words and stems are expanded to words of the filing itself,
since words of other filings cannot match it.
"""

from __future__ import annotations

import contextlib
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, assert_never

from archiver.selection.names import name_terms
from archiver.words import encoded_words
from indexer.entries import IndexEntry, exact
from indexer.fields import BY_NAME, date_number, document_of
from indexer.query.bounds import Deadline
from indexer.query.expansion import expansion
from indexer.query.language.leaves import join_all
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
    Value,
    Within,
    Word,
    WordLike,
)
from indexer.query.places import NAME_GAP, Holds, anywhere, in_one_name, inside, placement
from indexer.query.scopes.filings import Unit, across_documents
from indexer.query.scopes.sections import scoped

Words = tuple[str, ...]
"""The alternatives for one part of a phrase or name."""

_SOUGHT = 16
"""Words of a field whose positions are searched individually; recording the positions of all words costs as much."""


def _bound(query: Node | None, filters: Node | None) -> Node | None:
    """`query` and `filters` combined: filters, which cost least, come first."""
    query, filters = scoped(query, filters)
    return join_all((filters, query))


class Question:
    """A question for many filings: a query and filters (None: none); all words must be in one `unit`."""

    def __init__(self, query: Node | None, filters: Node | None = None, *, unit: Unit = "document") -> None:
        self.query = query
        self.filters = filters
        self.unit = unit
        self.of_documents = _bound(query, filters)
        """The matching documents if the unit is a document."""


class FilingMatcher:
    """A filing that any number of queries can be matched against. `entries` are all its index entries.

    It is fast for many queries: words are split once, and their positions are found only when a query needs them.
    """

    def __init__(self, entries: Iterable[IndexEntry]) -> None:
        self._documents = [_Document(entry) for entry in entries]

    def find(self, question: Question) -> tuple[int, ...]:
        """The entries, counted from 0, that `question` selects, as `Engine.search` with `documents` finds them.

        There is no limit to expansions here; those of an index apply there. Raises `QueryError` for a query that takes
        too long.
        """
        deadline = Deadline()
        tree = question.of_documents
        if question.unit == "filing":
            joined = across_documents(
                question.query,
                question.filters,
                count=lambda part: len(self._numbers(part, deadline)),
                numbers=lambda part: self._numbers(part, deadline),
            )
            tree = _bound(*joined)
        return tuple(
            place
            for place, document in enumerate(self._documents)
            if tree is None or document.matches(tree, deadline=deadline)
        )

    def _numbers(self, tree: Node, deadline: Deadline) -> frozenset[int]:
        bound = _bound(None, tree)
        return frozenset(
            document.number
            for document in self._documents
            if bound is None or document.matches(bound, deadline=deadline)
        )


class _Field:
    """The words or values of one field of a document, and their positions.

    `placed` has them in order, with the positions in `numbers`, or counted from 0 if that is None.
    """

    def __init__(self, placed: Sequence[bytes], numbers: Sequence[int] | None = None) -> None:
        self.words = frozenset(word.decode() for word in frozenset(placed))
        self._placed = placed
        self._numbers = numbers
        self._sorted: list[str] | None = None
        self._places: dict[str, list[int]] = {}
        self._has_all_places = False

    def beginning(self, letters: str) -> Iterator[str]:
        """The words that begin with `letters`, in order."""
        if self._sorted is None:
            self._sorted = sorted(self.words)
        for place in range(bisect_left(self._sorted, letters), len(self._sorted)):
            word = self._sorted[place]
            if not word.startswith(letters):
                return
            yield word

    def places(self, words: Iterable[str]) -> list[int]:
        """The positions of any of `words`, in order."""
        found = [self._places_of(word) for word in words if word in self.words]
        return found[0] if len(found) == 1 else sorted(place for places in found for place in places)

    def _places_of(self, word: str) -> list[int]:
        """The positions of a word; a few words are searched individually, then all are recorded in one pass."""
        if word not in self._places and not self._has_all_places:
            if len(self._places) < _SOUGHT:
                self._places[word] = [self._number(place) for place in _indices(self._placed, word.encode())]
            else:
                places: defaultdict[bytes, list[int]] = defaultdict(list)
                for place, one in enumerate(self._placed):
                    places[one].append(self._number(place))
                self._places = {one.decode(): numbers for one, numbers in places.items()}
                self._has_all_places = True
        return self._places[word]

    def _number(self, place: int) -> int:
        return place if self._numbers is None else self._numbers[place]


def _indices(words: Sequence[bytes], word: bytes) -> Iterator[int]:
    """The positions of `word` in `words`."""
    place = -1
    with contextlib.suppress(ValueError):  # no more occurrences
        while True:
            place = words.index(word, place + 1)
            yield place


class _Document:
    """One entry, with fields created when first needed."""

    def __init__(self, entry: IndexEntry) -> None:
        self._values = document_of(entry)
        self._fields: dict[str, _Field] = {}
        self.number: int = self._values["number"]

    def matches(self, tree: Node, *, deadline: Deadline) -> bool:
        """Whether the document matches `tree`, in which words must be bound to sections (`scoped`)."""
        match tree:
            case All(parts):
                return all(self.matches(part, deadline=deadline) for part in parts)
            case AnyOf(parts):
                return any(self.matches(part, deadline=deadline) for part in parts)
            case Not(part):
                return not self.matches(part, deadline=deadline)
            case _:
                return self._leaf(tree, deadline)

    def _leaf(  # noqa: PLR0911 — one for each kind of leaf
        self, leaf: Leaf, deadline: Deadline, stretches: Sequence[int] | None = None
    ) -> bool:
        match leaf:
            case Within(key, part):
                found = self._field("section").places((exact(key),))
                return bool(found) and self._leaf(part, deadline, found)
            case InSection(_, keys):
                return any(exact(key) in self._field("section").words for key in keys)
            case Phrase(field) | Near(field) | Proximity(field):
                return self._placed(field, *placement(leaf, self._words, deadline=deadline), stretches)
            case NameWords(field=field):
                ways = ([self._words(word) for word in spelling] for spelling in leaf.spellings())
                return any(self._placed(field, parts, in_one_name, None) for parts in ways)
            case DateSpan(field, first, last):
                day: int = self._values[field]
                return max(1, date_number(first)) <= day <= date_number(last)
            case AtLeast(field, number):
                return bool(self._values[field] >= number)
            case OfFilings(numbers):
                return self.number in numbers
            case Word(field) | Value(field) | Stem(field) | Pattern(field) | Fuzzy(field):
                if stretches is not None:
                    return self._placed(field, [self._words(leaf)], anywhere, stretches)
                return any(word in self._field(field).words for word in self._expanded(leaf))
            case _:
                assert_never(leaf)

    def _placed(
        self,
        field: str,
        parts: Sequence[Words],
        holds: Holds,
        stretches: Sequence[int] | None,
    ) -> bool:
        """Whether a word of each of `parts` is in `field`, or `stretches` of it, at positions that `holds` accepts."""
        there = self._field(field)
        if not all(any(word in there.words for word in part) for part in parts):
            return False
        places = [there.places(part) for part in parts]
        if stretches is not None:
            places = [inside(part, stretches) for part in places]
        return all(places) and holds(places)

    def _words(self, part: WordLike | Value) -> Words:
        """The words of the document that match one part of a phrase or name."""
        return tuple(self._expanded(part))

    def _expanded(self, part: WordLike | Value) -> Iterator[str]:
        return expansion(part, self._field(part.field).beginning)

    def _field(self, name: str) -> _Field:
        if name not in self._fields:
            self._fields[name] = _field_of(name, self._values[name])
        return self._fields[name]


def _field_of(name: str, value: Any) -> _Field:
    """The content of the field `name`, from the `value` of an entry, split like in every engine."""
    match BY_NAME[name].kind:
        case "text":
            return _Field(encoded_words(value or ""))
        case "names":
            terms = [
                (number * NAME_GAP + place, term.encode())
                for number, one in enumerate(value)
                for place, term in enumerate(name_terms(one)[: NAME_GAP // 2])
            ]
            return _Field([term for _, term in terms], [place for place, _ in terms])
        case "sections":
            borders = [(border, exact(span.key).encode()) for span in value for border in (span.first, span.end)]
            return _Field([key for _, key in borders], [border for border, _ in borders])
        case _:
            return _Field([exact(one).encode() for one in value])
