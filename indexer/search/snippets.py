"""The passage of a text that shows best why it was found, with the matched words marked.

Nothing is cut into words here: regular expressions run over the folded text, and what they find is carried back to the
text as it was. Words of one exact phrase are marked together and only where the phrase stands.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import assert_never

from archiver.words import fold, folded_lengths
from indexer.fields import TEXT_FIELDS
from indexer.query.expansion import pattern_expression, within_edits
from indexer.query.nodes import (
    All,
    AnyOf,
    Fuzzy,
    Near,
    Node,
    Pattern,
    Phrase,
    Proximity,
    Stem,
    Word,
    WordLike,
    span_words,
    spelled,
)
from indexer.query.stems import english_stem, stem_beginning
from indexer.text.broken_words import broken_words, rejoined

SNIPPET_CHARS = 240
_MAX_NEEDLES = 64
"""Words and phrases of a query that are looked for; a snippet shows a few of them."""

_MAX_MARKS = 5_000
"""Matches looked at in one text: the best passage of a long one is among them."""

_LETTER = r"[^\W_]"
_END = rf"(?!{_LETTER})"
_BETWEEN = r"[\W_]+"
_RAW_MARGIN = 8 * SNIPPET_CHARS
"""Characters looked at on each side: tables are mostly white space, which a snippet folds."""

_SENTENCE_END = re.compile(r"(?<=[a-z]{4}[.!?]) (?=[\"“(]?[A-Z])")
"""Between two sentences: four small letters before the point leave out ``Inc.``, ``Mr.`` and initials."""

_SEEN_WORDS = 10_000

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Snippet:
    """A passage as plain text, without control or bidirectional characters, and the spans in it that matched."""

    text: str
    spans: tuple[Span, ...]

    def as_html(self) -> str:
        """The passage with ``&``, ``<`` and ``>`` escaped and each match between ``<em>`` and ``</em>``."""
        parts: list[str] = []
        end = 0
        for start, stop in self.spans:
            parts += [_escape(self.text[end:start]), "<em>", _escape(self.text[start:stop]), "</em>"]
            end = stop
        return "".join(parts) + _escape(self.text[end:])


@dataclass(frozen=True, slots=True)
class _Needle:
    """One thing to look for: a regular expression for folded text, and what its groups must be beside.

    What a regular expression says badly (a fuzzy word, a stem) or slowly (a pattern with many ``*``) is a test of the
    word that a group found.
    """

    pattern: re.Pattern[str]
    tests: tuple[Callable[[str], object], ...]

    def spans(self, folded: str) -> Iterator[Span]:
        for match in self.pattern.finditer(folded):
            if all(test(word) for test, word in zip(self.tests, match.groups(), strict=True)):
                yield match.span()


class Highlighter:
    """Makes the snippets of one query. Holds no state of any text, so threads may share it."""

    def __init__(self, query: Node) -> None:
        sought = {tuple((type(part), spelled(part)) for part in parts): parts for parts in _sought(query)}
        self._needles = tuple(_needle(parts) for parts in itertools.islice(sought.values(), _MAX_NEEDLES))

    @property
    def looks_for_text(self) -> bool:
        """Whether the query has any word that could be marked; ``form:8-K`` has none."""
        return bool(self._needles)

    def marks(self, text: str) -> tuple[Span, ...]:
        """Where in `text` the query's words stand, in order; what overlaps is one span."""
        merged: list[Span] = []
        for start, stop, _ in self._found(text):
            if merged and start < merged[-1][1]:
                merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
            else:
                merged.append((start, stop))
        return tuple(merged)

    def snippet(self, text: str) -> Snippet | None:
        """The best passage of `text`, of about `SNIPPET_CHARS`; None where nothing of the query stands in it."""
        marks = self._found(text, at_most=_MAX_MARKS)
        if not marks:
            return None
        first, last = _densest(marks)
        return _cut(text, [(start, stop) for start, stop, _ in marks], first, last)

    def _found(self, text: str, *, at_most: int | None = None) -> list[tuple[int, int, int]]:
        """Where in `text` needles stand, and the number of each; also in words that a line's end breaks, as indexed."""
        found = list(self._found_in(text, at_most))
        if broken := broken_words(text):
            starts = [word.start for word in broken]
            for start, stop, number in self._found_in(rejoined(text, broken), at_most):
                word = broken[bisect_right(starts, stop - 1) - 1]
                is_cut = word.start + len(word.first) < stop <= word.end and word.start < stop
                found.append((start, word.end if is_cut else stop, number))
        return sorted(set(found))

    def _found_in(self, text: str, at_most: int | None) -> Iterator[tuple[int, int, int]]:
        folded, origin = _fold_with_origin(text)
        for number, needle in enumerate(self._needles):
            for start, stop in itertools.islice(needle.spans(folded), at_most):
                yield origin(start), origin(stop - 1) + 1, number


def _sought(query: Node) -> Iterator[Sequence[WordLike]]:
    """What `query` looks for in body text and descriptions: words that stand side by side, or one by itself.

    Left out is what must not be there.
    """
    match query:
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from _sought(part)
        case Phrase(field, words) if field in TEXT_FIELDS:
            yield words
        case Near(field, words) if field in TEXT_FIELDS:  # sought alone: the densest passage has them all
            yield from ([word] for word in words)
        case Proximity(field, left, right) if field in TEXT_FIELDS:
            for span in (left, right):
                places = span_words(span)
                yield from ([word] for word in places[0]) if len(places) == 1 else [[place[0] for place in places]]
        case Word(field) | Pattern(field) | Fuzzy(field) | Stem(field) if field in TEXT_FIELDS:
            yield [query]
        case _:
            return


def _needle(parts: Sequence[WordLike]) -> _Needle:
    """Whole words side by side."""
    words = [_word(part) for part in parts]
    return _Needle(
        re.compile(_BETWEEN.join(pattern for pattern, _ in words) + _END),
        tuple(test for _, test in words if test is not None),
    )


def _word(part: WordLike) -> tuple[str, Callable[[str], object] | None]:
    """A regular expression for one word, with a group where the word must also pass the test that stands beside it."""
    match part:
        case Word(_, text):
            return _begin(text), None
        case Fuzzy(_, text, max_edits):
            shortest, longest = max(0, len(text) - max_edits - 1), len(text) + max_edits - 1
            return (
                f"({_begin(text[0])}{_LETTER}{{{shortest},{longest}}})",
                lru_cache(_SEEN_WORDS)(lambda word: any(within_edits(text, [word], max_edits))),
            )
        case Stem():
            stem = part.stem
            return f"({_begin(stem_beginning(stem))}{_LETTER}*)", lambda word: english_stem(word) == stem
        case Pattern(_, text):
            if part.prefix is not None:
                return f"{_begin(part.prefix)}{_LETTER}*", None
            return f"({_begin(part.literal)}{_LETTER}*)", pattern_expression(text).fullmatch
        case _:
            assert_never(part)


def _begin(letters: str) -> str:
    """`letters` at the beginning of a word. They stand first: what begins with a literal is found twice as fast."""
    literal = re.escape(letters)
    return f"{literal}(?<!{_LETTER}{literal})"


class _Origin:
    """Tells which character of a text a place in its folded form came from: some characters fold to none or several."""

    def __init__(self, lengths: Sequence[tuple[int, int]]) -> None:
        self._odd = lengths
        self._starts: list[int] = []  # where each odd character's folded form begins
        shift = 0
        for place, length in lengths:
            self._starts.append(place + shift)
            shift += length - 1

    def __call__(self, place: int) -> int:
        at = bisect_right(self._starts, place) - 1
        if at < 0:
            return place
        origin, length = self._odd[at]
        return origin + max(0, place - self._starts[at] - length + 1)


def _fold_with_origin(text: str) -> tuple[str, Callable[[int], int]]:
    odd = list(folded_lengths(text))
    return fold(text), _Origin(odd) if odd else int


def _densest(marks: list[tuple[int, int, int]]) -> Span:
    """The stretch of `SNIPPET_CHARS` with the most different needles, then the most matches; the first of equals."""
    best, best_rank = (marks[0][0], marks[0][1]), (0, 0)
    inside: dict[int, int] = {}
    left = 0
    for right, (_, stop, number) in enumerate(marks):
        inside[number] = inside.get(number, 0) + 1
        while left < right and stop - marks[left][0] > SNIPPET_CHARS:
            gone = marks[left][2]
            inside[gone] -= 1
            if not inside[gone]:
                del inside[gone]
            left += 1
        rank = (len(inside), right - left + 1)
        if rank > best_rank:
            best, best_rank = (marks[left][0], stop), rank
    return best


def _cut(text: str, marks: list[Span], first: int, last: int) -> Snippet:
    """The clean passage around ``text[first:last]``, of whole words, with the marks that lie in it."""
    start, stop = max(0, first - _RAW_MARGIN), min(len(text), last + _RAW_MARGIN)
    chars, origins = _clean(text, start, stop)
    focus = [place for place, origin in enumerate(origins) if first <= origin < last]
    if not focus:
        return Snippet("", ())
    spare = max(0, SNIPPET_CHARS - (focus[-1] + 1 - focus[0]))
    begin = max(0, focus[0] - spare // 2)
    end = min(len(chars), max(focus[-1] + 1, begin + SNIPPET_CHARS))
    begin = max(0, min(begin, end - SNIPPET_CHARS)) if focus[0] >= end - SNIPPET_CHARS else begin
    begin, end = _whole_words(chars, begin, end, focus[0], focus[-1] + 1)
    begin, end = _whole_sentences("".join(chars), begin, end, focus[0], focus[-1] + 1)
    near = [mark for mark in marks if mark[1] > origins[begin] and mark[0] <= origins[end - 1]]
    marked = [any(first <= origin < last for first, last in near) for origin in origins[begin:end]]
    spans = [
        (group[0], group[-1] + 1)
        for is_marked, members in itertools.groupby(range(len(marked)), key=marked.__getitem__)
        if is_marked and (group := list(members))
    ]
    return Snippet("".join(chars[begin:end]), tuple(spans))


def _clean(text: str, start: int, stop: int) -> tuple[list[str], list[int]]:
    """The characters of ``text[start:stop]`` that may be shown, white space folded, and where each stood."""
    chars: list[str] = []
    origins: list[int] = []
    for place in range(start, stop):
        char = text[place]
        if char.isspace():
            if chars and chars[-1] == " ":
                continue
            char = " "
        elif unicodedata.category(char)[0] == "C":  # control, format (bidi), surrogate, private, unassigned
            continue
        chars.append(char)
        origins.append(place)
    return chars, origins


def _whole_words(chars: list[str], begin: int, end: int, first: int, last: int) -> Span:
    """The window shrunk to white space at both ends, never into the stretch from `first` to `last`."""
    if begin > 0 and chars[begin - 1] != " ":
        while begin < first and chars[begin - 1] != " ":
            begin += 1
    if end < len(chars) and chars[end] != " ":
        while end > last and chars[end] != " ":
            end -= 1
    while begin < first and chars[begin] == " ":
        begin += 1
    while end > last and chars[end - 1] == " ":
        end -= 1
    return begin, end


def _whole_sentences(text: str, begin: int, end: int, first: int, last: int) -> Span:
    """The window without the half sentences at its ends, where one begins or ends outside ``text[first:last]``.

    At the end only as much is given up as leaves the passage long enough to be read.
    """
    starts = [match.end() for match in _SENTENCE_END.finditer(text, begin, first)]
    if begin > 0 and starts:
        begin = starts[0]
    ends = [match.start() for match in _SENTENCE_END.finditer(text, last, end)]
    if end < len(text) and ends and ends[-1] - begin >= SNIPPET_CHARS // 2:
        end = ends[-1]
    return begin, end


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
