"""Folding a text to the form of indexed words for searching, with a mapping back to the text.

It takes about two milliseconds for half a megabyte: the text is UTF-8, one pass folds all ASCII bytes and replaces
typographic dashes and quotes by spaces, and only other non-ASCII letters are handled one by one.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache

from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern
from archiver.words import word_characters

_BLANK = ord(" ")
_LAST_ASCII = 0x7F
_ASCII = bytes(range(_LAST_ASCII + 1))
_FOLD = bytes(ord(chr(code).lower()) if chr(code).isascii() and chr(code).isalnum() else _BLANK for code in range(256))
"""Each byte of a text as part of a word: in lower case, or a space. Non-ASCII bytes are spaces here."""

_BEYOND_ASCII = lazy_pattern(rb"[\x80-\xff]+")
_MOST_SEARCHED = 24
"""Non-ASCII letters that are searched for individually; a text with more is scanned completely."""

_POWERS = ("²".encode(), "³".encode())
_MOST_KEPT_BYTES = 64
"""Longer runs of letters are not remembered: a filer's may be as long as a text."""
_BEFORE_BYTES = 64
"""The text before a raised 2 or 3 determines its meaning: it may be the power of a unit."""


@dataclass(frozen=True, slots=True)
class Folded:
    """Lower-case words separated by spaces, with a space at both ends, in the same bytes as in an index.

    For non-ASCII characters that represent letters, `_places` has the beginning of their letters here, and `_origins`
    the location of the character and of what follows it in the text, and the number of bytes of its letters.
    """

    words: bytes
    _places: list[int]
    _origins: list[tuple[int, int, int]]

    @property
    def is_aligned(self) -> bool:
        """Whether each byte corresponds to the byte of the text one position before."""
        return not self._places

    def start(self, place: int) -> int:
        """The position in the text of the character at `place`."""
        at = bisect_right(self._places, place) - 1
        if at < 0:
            return place - 1
        begin, end, length = self._origins[at]
        inside = place - self._places[at]
        return begin if inside < length else end + inside - length

    def stop(self, place: int) -> int:
        """The position in the text after the last character of what ends at `place`."""
        at = bisect_right(self._places, place - 1) - 1
        if at < 0:
            return place - 1
        _, end, length = self._origins[at]
        return end + max(0, place - self._places[at] - length)


def fold_text(text: bytes) -> Folded:
    """`text`, in UTF-8, folded."""
    beyond = b"" if text.isascii() else text.translate(None, _ASCII)
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
        pieces = _pieces if len(run) <= _MOST_KEPT_BYTES else _pieces.__wrapped__
        for size, piece in pieces(run, before):
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
    """For each character of `run`, its size in UTF-8 and its folded form."""
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
    """The runs of non-ASCII bytes that contain any of `letters`, in order, and possibly others."""
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
