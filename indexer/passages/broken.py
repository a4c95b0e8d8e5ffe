"""Words hyphenated at a line end, in UTF-8 text (`indexer.text.broken_words`)."""

from __future__ import annotations

from collections.abc import Sequence

from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern
from indexer.text.broken_words import broken_words
from indexer.texts.model import encode_text

_BREAK_SIGN = lazy_pattern(
    rb"\n(?:(?<=[A-Za-z\x80-\xff]-\n)|(?<=[A-Za-z\x80-\xff]- \n)|(?<=\xc2\xad\n)|(?<=\xe2\x80\x90\n))"
    rb"(?=[\s\x1c-\x1f]{0,80}[A-Za-z\x80-\xff])"
)
"""A line end that may be inside a word: rules of tables end with many hyphens as well, but not after a letter."""
_AROUND_BYTES = 160
"""Bytes of text examined before a break; half as many after it. Only the whole text could identify a compound."""

_MANY, _LEAST_APART_BYTES = 1000, 40
"""More breaks than this, closer together on average, are not those of lines, and examining each would take long."""

_MOST_EXAMINED = 10_000
"""Breaks that are examined: a long book has as many."""


@dataclass(frozen=True, slots=True)
class BrokenPlace:
    """A word in halves, `first` and `second`, and its begin and end in a text, in bytes."""

    start: int
    end: int
    first: bytes
    second: bytes


def broken_places(text: bytes) -> list[BrokenPlace]:
    """The words of `text` that are hyphenated at a line end, in order, at the first `_MOST_EXAMINED` line ends.

    None of a text of very many and little else.
    """
    found: list[BrokenPlace] = []
    signs = list(_BREAK_SIGN.finditer(text))
    if len(signs) > _MANY and len(text) < _LEAST_APART_BYTES * len(signs):
        return []
    for sign in signs[:_MOST_EXAMINED]:
        begin = max(0, sign.start() - _AROUND_BYTES)
        while begin and text[begin] & 0xC0 == 0x80:  # noqa: PLR2004 — a byte in the middle of a character
            begin -= 1
        before = text[begin : sign.start()].decode(errors="ignore")
        around = before + text[sign.start() : sign.end() + 2 * _AROUND_BYTES].decode(errors="ignore")
        words = (word for word in broken_words(around) if word.start < len(before) < word.end)
        if word := next((word for word in words if "\n" not in around[word.start : len(before)]), None):
            end = sign.start() + len(encode_text(around[len(before) : word.end]))
            start = sign.start() - len(encode_text(before[word.start :]))
            found.append(BrokenPlace(start, end, word.first.encode(), word.second.encode()))
    return found


def rejoined(text: bytes, broken: Sequence[BrokenPlace]) -> bytes:
    """`text` with each hyphenated word joined and padded with spaces: all other bytes keep their positions."""
    pieces: list[bytes] = []
    last = 0
    for word in broken:
        whole = word.first + word.second
        pieces += [text[last : word.start], whole, b" " * (word.end - word.start - len(whole))]
        last = word.end
    return b"".join([*pieces, text[last:]])
