"""Words hyphenated at a line end of plain text: ``resigna-`` and ``tion`` are searched as ``resignation``.

The text itself stays as filed; only the indexed text and the text searched for snippets have whole words. The hyphen
may also be that of a compound (``long-`` and ``term``). The rest of the document decides: a word that occurs there
without a hyphen was hyphenated, and one that occurs with a hyphen was not; if neither occurs, both forms are indexed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern

_LONGEST = 40
"""The letters of each half, at most."""
_BREAK = lazy_pattern(
    rf"(?<![^\W\d_])(?P<first>[^\W\d_]{{2,{_LONGEST}}})[-\xad\u2010]"
    rf"(?P<gap>[^\S\n]{{0,9}}\n\s{{0,80}})(?P<second>[^\W\d_]{{2,{_LONGEST}}})"
)
_SIGN = lazy_pattern(r"[-\xad\u2010](?=[^\S\n]{0,9}\n)")
_PLAIN_SIGN = lazy_pattern(r"-(?=[^\S\n]{0,9}\n)")
"""The same for a text without the other two signs: a pattern that begins with one is found in a quarter of the time."""
_BREAK_SIGNS = ("-\n", "- \n", "\xad\n", "\u2010\n")
_WORD = lazy_pattern(r"[^\W\d_]+")
_COMPOUND = lazy_pattern(r"(?<![^\W\d_])[^\W\d_]++[-\u2010][^\W\d_]++")
"""It starts where letters start: tried at each of them, a long run without a hyphen takes time by its square."""
_HYPHEN = lazy_pattern(rb"-(?<=[a-z]-)(?=[a-z])")
_LETTERS = bytes(code if chr(code).isascii() and chr(code).islower() else ord(" ") for code in range(256))
"""Each byte of a text in lower case: a letter, or a space."""

_HYPHENS = "-\u2010"

_MOST_SOUGHT = 64
"""Words and compounds that are sought one by one; more take longer than making the sets of all in the text."""
_MOST_TRIED = 16
"""Places where one of them is part of another word, before the set is made."""

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
    breaks = [match for match in _breaks(text) if _is_one_word(match["first"], match["second"])]
    if not breaks:
        return []
    return list(_classified(breaks, _Vocabulary(text)))


def _breaks(text: str) -> Iterator[re.Match[str]]:
    """The matches of `_BREAK`, as `finditer` gives them, which tries every letter: this tries hyphens at line ends."""
    last = 0
    signs = _SIGN if "\xad" in text or "\u2010" in text else _PLAIN_SIGN
    for sign in signs.finditer(text):
        start = place = sign.start()
        while start > last and place - start <= _LONGEST and _WORD.match(text[start - 1]):
            start -= 1
        match = _BREAK.match(text, start)
        if match is not None and match.end("first") == place:
            last = match.end()
            yield match


class _Vocabulary:
    """The words of `text`, of letters alone, and the compounds: pairs of words with a hyphen between."""

    def __init__(self, text: str) -> None:
        self._folded = text.lower() if text.isascii() else text.casefold()
        self._sought = 0

    def has_word(self, word: str) -> bool:
        """Whether `word`, of letters in lower case, is a word of the text."""
        found = self._stands_alone(word, not_after="")
        return word in self._sets[0] if found is None else found

    def has_compound(self, compound: str) -> bool:
        """Whether `compound`, two such words and a hyphen, is in the text; in a-b-c, b belongs to the first alone."""
        found = self._stands_alone(compound, not_after=_HYPHENS)
        return compound in self._sets[1] if found is None else found

    def _stands_alone(self, word: str, *, not_after: str) -> bool | None:
        """Whether `word` is somewhere in the text without letters around it; None if only the sets can tell."""
        self._sought += 1
        if self._sought > _MOST_SOUGHT:
            return None
        end = 0
        for _ in range(_MOST_TRIED):
            place = self._folded.find(word, end)
            if place < 0:
                return False
            end = place + len(word)
            before, after = self._folded[max(0, place - 1) : place], self._folded[end : end + 1]
            if not (_WORD.match(before) or _WORD.match(after)):
                return None if before and before in not_after else True
            end = place + 1
        return None

    @cached_property
    def _sets(self) -> tuple[set[str], set[str]]:
        return _ascii_words(self._folded) if self._folded.isascii() else _words(self._folded)


def _words(folded: str) -> tuple[set[str], set[str]]:
    """The words and compounds of a text in lower case."""
    return set(_WORD.findall(folded)), set(_COMPOUND.findall(folded))


def _ascii_words(folded: str) -> tuple[set[str], set[str]]:
    """The same for ASCII, in a third of the time: most plain text is."""
    lower = folded.encode()
    letters = lower.translate(_LETTERS)
    compounds = set()
    last = 0
    for hyphen in _HYPHEN.finditer(lower):
        place = hyphen.start()
        start, end = letters.rfind(b" ", 0, place) + 1, letters.find(b" ", place + 1)
        if start >= last:  # in a-b-c, b is a part of the first pair alone
            last = end if end >= 0 else len(lower)
            compounds.add(lower[start:last].decode())
    return set(letters.decode().split()), compounds


def _is_one_word(first: str, second: str) -> bool:
    """Whether both halves look like those of one word; ``Non-`` and ``GAAP`` do not."""
    return second.islower() or (first.isupper() and second.isupper())


def _classified(breaks: list[re.Match[str]], vocabulary: _Vocabulary) -> Iterator[BrokenWord]:
    for match in breaks:
        first, second = match["first"], match["second"]
        whole, compound = (first + second).casefold(), f"{first}-{second}".casefold()
        is_known = _WORD.fullmatch(whole) is not None  # a few letters have lower case with a combining accent
        is_word = is_known and vocabulary.has_word(whole)
        is_compound = is_known and vocabulary.has_compound(compound)
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
