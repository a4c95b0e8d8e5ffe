"""Words hyphenated at a line end of plain text: ``resigna-`` and ``tion`` are searched as ``resignation``.

The text itself stays as filed; only the indexed text and the text searched for snippets have whole words. The hyphen
may also be that of a compound (``long-`` and ``term``). The rest of the document decides: a word that occurs there
without a hyphen was hyphenated, and one that occurs with a hyphen was not; if neither occurs, both forms are indexed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern

_BREAK = lazy_pattern(
    r"(?<![^\W\d_])(?P<first>[^\W\d_]{2,40})[-\xad\u2010](?P<gap>[^\S\n]{0,9}\n\s{0,80})(?P<second>[^\W\d_]{2,40})"
)
_BREAK_SIGNS = ("-\n", "- \n", "\xad\n", "\u2010\n")
_WORD = lazy_pattern(r"[^\W\d_]+")
_COMPOUND = lazy_pattern(r"(?<![^\W\d_])[^\W\d_]++[-\u2010][^\W\d_]++")
"""It starts where letters start: tried at each of them, a long run without a hyphen takes time by its square."""
_NEAR_CHARS, _NEAR_WORDS = 80, 4


@dataclass(frozen=True, slots=True)
class BrokenWord:
    """A word in halves, `first` and `second`, in ``text[start:end]``. `is_certain` if it cannot be a compound."""

    start: int
    end: int
    first: str
    second: str
    is_certain: bool


def broken_words(text: str) -> list[BrokenWord]:
    """The words of `text` that are hyphenated at a line end, in order, in linear time."""
    if not any(sign in text for sign in _BREAK_SIGNS):
        return []
    breaks = [match for match in _BREAK.finditer(text) if _is_one_word(match["first"], match["second"])]
    if not breaks:
        return []
    folded = text.casefold()
    words, compounds = set(_WORD.findall(folded)), set(_COMPOUND.findall(folded))
    return list(_told(breaks, words, compounds))


def _is_one_word(first: str, second: str) -> bool:
    """Whether both halves look like those of one word; ``Non-`` and ``GAAP`` do not."""
    return second.islower() or (first.isupper() and second.isupper())


def _told(breaks: list[re.Match[str]], words: set[str], compounds: set[str]) -> Iterator[BrokenWord]:
    for match in breaks:
        first, second = match["first"], match["second"]
        is_word = (first + second).casefold() in words
        is_compound = f"{first}-{second}".casefold() in compounds
        if is_word or not is_compound:
            yield BrokenWord(match.start(), match.end(), first, second, is_certain=is_word and not is_compound)


def rejoined(text: str, broken: list[BrokenWord]) -> str:
    """`text` with each hyphenated word whole on the first line; its length and all other positions are unchanged."""
    pieces: list[str] = []
    position = 0
    for word in broken:
        whole = word.first + word.second
        gap = text[word.start + len(word.first) + 1 : word.end - len(word.second)]
        pieces += [text[position : word.start], whole, " ", gap]
        position = word.end
    return "".join([*pieces, text[position:]])


def searchable(text: str) -> str:
    """`text` as indexed: hyphenated words whole and, appended, those that may be compounds, in their halves.

    They are appended with the words around them, so that phrases match too. Positions in the text are unchanged.
    """
    broken = broken_words(text)
    if not broken:
        return text
    others = (_in_halves(text, word) for word in broken if not word.is_certain)
    return "\n".join([rejoined(text, broken), *others])


def _in_halves(text: str, word: BrokenWord) -> str:
    before = text[max(0, word.start - _NEAR_CHARS) : word.start].split()[-_NEAR_WORDS:]
    after = text[word.end : word.end + _NEAR_CHARS].split()[:_NEAR_WORDS]
    return " ".join([*before, f"{word.first}-{word.second}", *after])
