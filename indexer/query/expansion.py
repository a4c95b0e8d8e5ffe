"""Expanding patterns, fuzzy words and stems to words of an index, by the same rules for every engine.

The edit distance is the optimal string alignment distance: adding, removing or replacing a character or swapping two
neighbours is one edit, and no character is edited twice.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator

from indexer.query.nodes import Fuzzy, Pattern, Stem, Value, Word
from indexer.query.stems import english_stem, stem_beginning

Beginning = Callable[[str], Iterable[str]]
"""Returns the words of a field in an index that begin with given characters."""


def expansion(part: Word | Value | Pattern | Fuzzy | Stem, beginning: Beginning) -> Iterator[str]:
    """The words of the index that match `part`; a plain word or value is returned unchanged."""
    match part:
        case Word(_, text) | Value(_, text):
            yield text
        case Pattern():
            found = beginning(part.literal)
            yield from found if part.prefix is not None else filter(pattern_expression(part.text).fullmatch, found)
        case Fuzzy(_, text, max_edits):
            yield from within_edits(text, beginning(text[:1]), max_edits)
        case Stem():
            stem = part.stem
            yield from (word for word in beginning(stem_beginning(stem)) if english_stem(word) == stem)


def pattern_expression(pattern: str) -> re.Pattern[str]:
    """A regular expression that matches whole words like `pattern`, in linear time."""
    return re.compile(fnmatch.translate(pattern.replace("[", "[[]")))


def within_edits(text: str, words: Iterable[str], max_edits: int) -> Iterator[str]:
    """Those of `words` at most `max_edits` edits from `text`. Fastest for sorted words.

    Each row of the distance table is computed once for all words with a common beginning, and words are skipped if
    their beginning is already too far from `text`. Rows end where the lengths alone differ by more than `max_edits`, so
    a long `text` takes no longer than the words of the index.
    """
    rows = [list(range(min(len(text), max_edits) + 1))]
    known = ""  # the characters that `rows` are for
    hopeless: str | None = None
    for word in words:
        if hopeless is not None and word.startswith(hopeless):
            continue
        depth = _common(known, word)
        del rows[depth + 1 :]
        hopeless = None
        for place in range(depth, len(word)):
            rows.append(_next_row(rows, text[: place + 1 + max_edits], word, place, max_edits))
            if min(rows[-1]) > max_edits:
                hopeless = word[: place + 1]
                break
        known = word[: len(rows) - 1]
        if hopeless is None and len(rows[-1]) > len(text) and rows[-1][-1] <= max_edits:
            yield word


def _next_row(rows: list[list[int]], text: str, word: str, place: int, max_edits: int) -> list[int]:
    """The distances of ``word[:place + 1]`` from every beginning of `text`, whose rest is too long to matter."""
    above, char = rows[place], word[place]
    row = [place + 1]
    for column, wanted in enumerate(text):
        over = above[column + 1] if column + 1 < len(above) else max_edits + 1
        edits = above[column] if char == wanted else 1 + min(above[column], over, row[column])
        if place and column and char == text[column - 1] and word[place - 1] == wanted:
            edits = min(edits, rows[place - 1][column - 1] + 1)
        row.append(edits)
    return row


def _common(one: str, other: str) -> int:
    """The length of the common beginning."""
    for place, (first, second) in enumerate(zip(one, other, strict=False)):
        if first != second:
            return place
    return min(len(one), len(other))
