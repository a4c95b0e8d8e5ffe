"""A text folded for looking for words in it, in the form in which words are indexed, and the way back to the text.

A text of half a megabyte is folded in some two milliseconds: it is UTF-8 from the text store, one pass over bytes
folds all that is ASCII and blanks the dashes and quotes of typographers, and only letters beyond ASCII are looked at
one by one.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

from archiver.words import word_characters

_BLANK = ord(" ")
_LAST_ASCII = 0x7F
_ASCII = bytes(range(_LAST_ASCII + 1))
_FOLD = bytes(ord(chr(code).lower()) if chr(code).isascii() and chr(code).isalnum() else _BLANK for code in range(256))
"""Each byte of a text as it stands in words: in lower case, or a blank. Bytes beyond ASCII are blanks here."""

_BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")
_MOST_SEARCHED = 24
"""Letters beyond ASCII that are searched for one by one; in a text with more, all of its bytes are gone through."""

_POWERS = ("²".encode(), "³".encode())
_BEFORE_BYTES = 64
"""What stands before a raised 2 or 3 decides what it means: it may be the power of a unit."""


@dataclass(frozen=True, slots=True)
class Folded:
    """Words in lower case with blanks between them, a blank at both ends; each has the bytes that an index has.

    Where a character beyond ASCII stands for letters, `_places` has where its letters begin here, and `_origins` where
    the character and what follows it stand in the text, and how many bytes its letters are.
    """

    words: bytes
    _places: list[int]
    _origins: list[tuple[int, int, int]]

    @property
    def is_aligned(self) -> bool:
        """Whether each byte is that of the text one place before."""
        return not self._places

    def start(self, place: int) -> int:
        """The place in the text of the character that `place` comes from."""
        at = bisect_right(self._places, place) - 1
        if at < 0:
            return place - 1
        begin, end, length = self._origins[at]
        inside = place - self._places[at]
        return begin if inside < length else end + inside - length

    def stop(self, place: int) -> int:
        """Where in the text the last character ends of what ends at `place`."""
        at = bisect_right(self._places, place - 1) - 1
        if at < 0:
            return place - 1
        _, end, length = self._origins[at]
        return end + max(0, place - self._places[at] - length)


def fold_text(text: bytes) -> Folded:
    """`text`, in UTF-8, folded."""
    beyond = text.translate(None, _ASCII)
    letters = [one for one in set(beyond.decode(errors="surrogatepass")) if not _separates(one)]
    if not letters:
        return Folded(b" %b " % text.translate(_FOLD), [], [])
    parts, places, origins = [b" "], [], []
    length, last = 1, 0
    for begin, end in _runs(text, letters):
        between = text[last:begin].translate(_FOLD)
        parts.append(between)
        length += len(between)
        run = text[begin:end]
        before = text[max(0, begin - _BEFORE_BYTES) : begin] if run.startswith(_POWERS) else b""
        place = begin
        for size, piece in _pieces(run, before):
            places.append(length)
            origins.append((place, place + size, len(piece)))
            parts.append(piece)
            length += len(piece)
            place += size
        last = end
    parts += [text[last:].translate(_FOLD), b" "]
    return Folded(b"".join(parts), places, origins)


@lru_cache(maxsize=10_000)
def _pieces(run: bytes, before: bytes) -> tuple[tuple[int, bytes], ...]:
    """Of each character of `run` its size in UTF-8, and what stands for it in words."""
    characters = run.decode(errors="surrogatepass")
    pieces = word_characters(characters, before=before.decode(errors="ignore"))
    return tuple(
        (len(character.encode(errors="surrogatepass")), piece.encode())
        for character, piece in zip(characters, pieces, strict=True)
    )


@lru_cache(maxsize=10_000)
def _separates(character: str) -> bool:
    """Whether a character only separates words."""
    return word_characters(character) == [" "]


def _runs(text: bytes, letters: list[str]) -> list[tuple[int, int]]:
    """The runs of bytes beyond ASCII that have any of `letters`, in order; perhaps others too."""
    if len(letters) > _MOST_SEARCHED:
        return [match.span() for match in _BEYOND_ASCII.finditer(text)]
    runs: dict[int, int] = {}
    for letter in letters:
        sought = letter.encode(errors="surrogatepass")
        at = text.find(sought)
        while at >= 0:
            begin = at
            while begin and text[begin - 1] > _LAST_ASCII:
                begin -= 1
            match = _BEYOND_ASCII.match(text, begin)
            end = match.end() if match else at + len(sought)
            runs[begin] = end
            at = text.find(sought, end)
    return sorted(runs.items())
