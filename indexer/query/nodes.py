"""The nodes that a query tree has beside Whoosh's And, Or, Not, Term, Phrase, Prefix, Wildcard, FuzzyTerm and Sequence.

All of them say what is meant, not how it is found: every engine translates them. Phrase and Sequence mean words side by
side in their order, and nothing else.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from whoosh.query import Phrase, Query, Sequence, Term

TEXT_FIELDS = ("text", "description")
"""Where words without a field are sought."""

_ENGLISH_WORD = re.compile(r"[a-z]+")
_SHORT_STEM = 3


class _Node(Query):  # type: ignore[misc]  # Whoosh has no types
    """A node that is equal to another of its class with the same values."""

    _values: tuple[object, ...]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._values == other._values

    def __hash__(self) -> int:
        return hash(self._values)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._values))})"


class NameWords(_Node):
    """Documents of an entity that has all `words` in one of its names, current or former, in any order.

    A word may be a pattern with ``*`` and ``?``.
    """

    def __init__(self, words: tuple[str, ...]) -> None:
        self.words = words
        self._values = (words,)


class DateSpan(_Node):
    """Documents whose date in `fieldname` (``filed``, ``period``) is from `first` to `last`, both included."""

    def __init__(self, fieldname: str, first: date, last: date) -> None:
        self.fieldname = fieldname
        self.first = first
        self.last = last
        self._values = (fieldname, first, last)


class Stem(_Node):
    """Documents with any word of `fieldname` that has the same English stem as `text` (`english_stem`)."""

    def __init__(self, fieldname: str, text: str) -> None:
        self.fieldname = fieldname
        self.text = text
        self._values = (fieldname, english_stem(text))


class Near(_Node):
    """Documents in which all `parts` stand near each other in `fieldname`, in any order.

    Near means that fewer than `distance` other words stand among them: two words are at most `distance` places apart.
    Each part (Term, Prefix, Wildcard or Stem) takes a place of its own.
    """

    def __init__(self, fieldname: str, parts: tuple[Query, ...], *, distance: int) -> None:
        self.fieldname = fieldname
        self.parts = parts
        self.distance = distance
        self._values = (fieldname, parts, distance)


def phrase_parts(phrase: Phrase | Sequence) -> list[Query]:
    """The words of a phrase as nodes, in their order."""
    if isinstance(phrase, Phrase):
        return [Term(phrase.fieldname, word) for word in phrase.words]
    return list(phrase.subqueries)


@lru_cache(maxsize=65_536)
def english_stem(word: str) -> str:
    """The stem of a folded word by the Snowball stemmer for English (Porter2); words with other characters stay."""
    if not _ENGLISH_WORD.fullmatch(word):
        return word
    from whoosh.lang.porter2 import stem  # noqa: PLC0415 — only few searches ask for it

    stemmed: str = stem(word)
    return stemmed


def stem_beginning(stem: str) -> str:
    """Letters that every word of this stem begins with.

    Porter2 changes the last letter of a stem at most (``companies``, ``compani``), but two in short ones (``dying``,
    ``die``).
    """
    return stem[:-1] if len(stem) > _SHORT_STEM else stem[:1]
