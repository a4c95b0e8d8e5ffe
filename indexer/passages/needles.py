"""Needles: the words and phrases of a query as they are found in folded text.

The text is not split into words. In folded text every word has a space on each side, so a word is found by searching
for a few bytes; a regular expression or a test of the word is applied only there.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import assert_never

from archiver.startup.dataclass import dataclass
from indexer.fields import TEXT_FIELDS
from indexer.query.expansion import pattern_expression, within_edits
from indexer.query.nodes import (
    Fuzzy,
    Leaf,
    Near,
    Node,
    Pattern,
    Phrase,
    Proximity,
    Stem,
    Within,
    Word,
    WordLike,
    leaves,
    span_words,
    spelled,
)
from indexer.query.stems import english_stem, stem_beginning

_MAX_NEEDLES = 64
"""Maximum number of words and phrases of a query that are searched for; a passage shows only a few."""

_LETTERS = b"[^ ]*"
_END = b"(?= )"
_BETWEEN = b" +"
_SEEN_WORDS = 10_000
_SHORT = 2
"""Letters that so many words begin with that one pass for all is faster than a search for each (measured)."""

Span = tuple[int, int]
WordTest = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Needle:
    """A word or adjacent words. `weight` is its value for a passage: more for a phrase than for a word.

    `literal` is the beginning of every occurrence, including the space before it. If it is the whole word, it includes
    the space after it, and `pattern` is None. Otherwise `pattern` matches from the first letter, and its groups are
    words that must pass `tests`, for what regular expressions express badly (a fuzzy word, a stem) or slowly. A single
    word with a test and a short beginning has `one_of`, which matches a space and, in a group, a word to test.
    """

    weight: int
    literal: bytes
    pattern: re.Pattern[bytes] | None
    tests: tuple[WordTest, ...]
    one_of: re.Pattern[bytes] | None = None

    def spans(self, folded: bytes, *, tries: int = sys.maxsize) -> Iterator[Span]:
        """Its occurrences in folded text, in order, among the first `tries` places that could be one."""
        if self.one_of is not None:
            yield from self._spans_of_words(folded, self.one_of, tries)
            return
        literal, pattern, size = self.literal, self.pattern, len(self.literal)
        at = folded.find(literal)
        while at >= 0 and tries > 0:
            tries -= 1
            if pattern is None:
                yield at + 1, at + size - 1
                at = folded.find(literal, at + size - 1)
                continue
            match = pattern.match(folded, at + 1)
            if match is None or not self._passes(match):
                at = folded.find(literal, at + 1)
                continue
            yield match.span()
            at = folded.find(literal, match.end())

    def _spans_of_words(self, folded: bytes, one_of: re.Pattern[bytes], tries: int) -> Iterator[Span]:
        """The occurrences of a single word, for which each distinct word is tested once."""
        found = itertools.islice(one_of.finditer(folded), tries)
        accepted = {word for word in {match[1] for match in found} if self.tests[0](word.decode())}
        if accepted:
            found = itertools.islice(one_of.finditer(folded), tries)
            yield from (match.span(1) for match in found if match[1] in accepted)

    def _passes(self, match: re.Match[bytes]) -> bool:
        return all(test(word.decode()) for test, word in zip(self.tests, match.groups(), strict=True))


def needles(query: Node) -> tuple[Needle, ...]:
    """The distinct needles of `query` in body text and descriptions, without excluded words."""
    found = (parts for leaf in leaves(query, negated=False) for parts in _sought(leaf))
    sought = {tuple((type(part), spelled(part)) for part in parts): parts for parts in found}
    return tuple(_needle(parts) for parts in itertools.islice(sought.values(), _MAX_NEEDLES))


def _sought(leaf: Leaf) -> Iterator[Sequence[WordLike]]:
    """Adjacent words, or a single word."""
    match leaf:
        case Phrase(field, words) if field in TEXT_FIELDS:
            yield words
        case Near(field, words) if field in TEXT_FIELDS:  # sought alone: the best passage has them near each other
            yield from ([word] for word in words)
        case Proximity(field, left, right) if field in TEXT_FIELDS:
            for span in (left, right):
                places = span_words(span)
                yield from ([word] for word in places[0]) if len(places) == 1 else [[place[0] for place in places]]
        case Within(_, part):
            yield from _sought(part)
        case Word(field) | Pattern(field) | Fuzzy(field) | Stem(field) if field in TEXT_FIELDS:
            yield [leaf]
        case _:
            return


def _needle(parts: Sequence[WordLike]) -> Needle:
    first = parts[0]
    if len(parts) == 1 and isinstance(first, Word):
        return Needle(1, b" %b " % first.text.encode(), None, ())
    words = [_word(part) for part in parts]
    is_short = len(words[0].beginning) <= _SHORT
    tests = tuple(word.test for word in words if word.test is not None)
    return Needle(
        2 * len(parts) - 1,
        b" " + words[0].beginning + (b" " if isinstance(first, Word) else b""),
        re.compile(_BETWEEN.join(word.expression for word in words) + _END),
        tests,
        re.compile(b" " + words[0].expression) if len(parts) == 1 and tests and is_short else None,
    )


@dataclass(frozen=True, slots=True)
class _WordForm:
    """The `beginning` of a word and an expression for it, with a group if the word must also pass `test`."""

    beginning: bytes
    expression: bytes
    test: WordTest | None = None

    @classmethod
    def tested(cls, beginning: str, test: WordTest) -> _WordForm:
        """Words with this beginning that pass `test`."""
        encoded = beginning.encode()
        return cls(encoded, b"(" + re.escape(encoded) + _LETTERS + b")", test)


def _word(part: WordLike) -> _WordForm:
    match part:
        case Word(_, text):
            encoded = text.encode()
            return _WordForm(encoded, re.escape(encoded))
        case Fuzzy(_, text, max_edits):
            return _WordForm.tested(text[0], _near_to(text, max_edits))
        case Stem():
            stem = part.stem
            return _WordForm.tested(stem_beginning(stem), lambda word: english_stem(word) == stem)
        case Pattern(_, text):
            if part.prefix is not None:
                encoded = part.prefix.encode()
                return _WordForm(encoded, re.escape(encoded) + _LETTERS)
            return _WordForm.tested(part.literal, pattern_expression(text).fullmatch)
        case _:
            assert_never(part)


def _near_to(text: str, max_edits: int) -> WordTest:
    return lru_cache(_SEEN_WORDS)(lambda word: any(within_edits(text, [word], max_edits)))
