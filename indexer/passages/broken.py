"""Words that a plain text breaks at a line's end, in a text in UTF-8 (`indexer.text.broken_words`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from indexer.text.broken_words import broken_words
from indexer.texts.model import encode_text

_BREAK_SIGNS = tuple(encode_text(sign) for sign in ("-\n", "- \n", "\xad\n", "\u2010\n"))


@dataclass(frozen=True, slots=True)
class BrokenPlace:
    """A word in halves, `first` and `second`, that begins and ends at these bytes of a text."""

    start: int
    end: int
    first: bytes
    second: bytes


def broken_places(text: bytes) -> list[BrokenPlace]:
    """The words of `text` that are broken at a line's end, in order."""
    if not any(sign in text for sign in _BREAK_SIGNS):
        return []
    decoded = text.decode(errors="surrogatepass")
    found: list[BrokenPlace] = []
    last = place = 0
    for word in broken_words(decoded):
        start = place + len(encode_text(decoded[last : word.start]))
        place = start + len(encode_text(decoded[word.start : word.end]))
        last = word.end
        found.append(BrokenPlace(start, place, word.first.encode(), word.second.encode()))
    return found


def rejoined(text: bytes, broken: Sequence[BrokenPlace]) -> bytes:
    """`text` with each of its broken words whole, and blanks for the rest: every other byte stays in its place."""
    pieces: list[bytes] = []
    last = 0
    for word in broken:
        whole = word.first + word.second
        pieces += [text[last : word.start], whole, b" " * (word.end - word.start - len(whole))]
        last = word.end
    return b"".join([*pieces, text[last:]])
