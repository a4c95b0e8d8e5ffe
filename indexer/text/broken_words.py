"""Words hyphenated at a line end of plain text: ``resigna-`` and ``tion`` are searched as ``resignation``.

The text itself stays as filed; only the indexed text and the text searched for snippets have whole words. The hyphen
may also be that of a compound (``long-`` and ``term``). The rest of the document decides: a word that occurs there
without a hyphen was hyphenated, and one that occurs with a hyphen was not; if neither occurs, both forms are indexed:
after the text, with so many words on each side that it is found near any word there, and apart from all others. If
several such words are near each other, each choice of their forms is.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate, islice, pairwise

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

NEAR_WORDS = 60
"""The words of the text on each side of halves: more than can be between words that a query wants near each other."""

_NEAR_CHARS = 1500
"""The most characters of these words."""

_MOST_MIXED = 4
"""Words near each other whose forms are chosen one by one; of more, every fourth has the same."""

_MIXED_CHARS = 1_000_000
"""The most characters of all copies of a text, unless it has more itself; and of a short one, so many times its own."""
_TIMES, _FEW_CHARS = 3, 30_000

_APART = " \N{CYRILLIC LETTER MULTIOCULAR O}" * (NEAR_WORDS - 1) + " "
"""Words that nobody searches for, so many that what is before them is near nothing after them."""

_TO_SPACE = lazy_pattern(r"\S*")
_BETWEEN_SPACES = lazy_pattern(r"(?<!\S)\S*?[^\W_]\S*")
"""One or more words without a space: words of a copy must be whole."""


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


def rejoined(text: str, broken: Sequence[BrokenWord]) -> str:
    """`text` with each hyphenated word whole on the first line; its length and all other positions are unchanged."""
    return _rejoined(text, broken, 0, len(text))


def _rejoined(text: str, broken: Sequence[BrokenWord], start: int, end: int) -> str:
    """``rejoined(text, broken)[start:end]``, in which the words may begin before or end after it."""
    pieces: list[str] = []
    first = position = min([start, *(word.start for word in broken[:1])])
    last = max([end, *(word.end for word in broken[-1:])])
    for word in broken:
        whole = word.first + word.second
        gap = text[word.start + len(word.first) + 1 : word.end - len(word.second)]
        pieces += [text[position : word.start], whole, " ", gap]
        position = word.end
    return "".join([*pieces, text[position:last]])[start - first : end - first]


@dataclass(frozen=True, slots=True)
class Copy:
    """A part of a text that is indexed twice: its characters `start` to `end` are at `place` of what is indexed too."""

    place: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Searchable:
    """A `text` as indexed: its first `size` characters are the document's, the `copies` after them repeat some."""

    text: str
    size: int
    copies: tuple[Copy, ...] = ()


def searchable(text: str) -> Searchable:
    """`text` as indexed: hyphenated words whole and, in copies after it, those that may be compounds in their halves.

    The copies have the words around them, so that phrases and near words match too. Around several such words, there is
    one for each choice of whole words and halves. Positions in the text, and within each copy, are unchanged.
    """
    broken = broken_words(text)
    if not broken:
        return Searchable(text, len(text))
    pieces, place = [rejoined(text, broken)], len(text)
    copies = []
    left = max(len(text), min(_MIXED_CHARS, _TIMES * len(text) + _FEW_CHARS))
    for start, end in _around(text, [word for word in broken if not word.is_certain]):
        there = _overlapping(broken, start, end)
        size = len(_APART) + end - start
        chosen = min(_MOST_MIXED, _most_near(there))
        while chosen > 1 and (2**chosen - 1) * size > left:
            chosen -= 1
        left -= (2**chosen - 1) * size
        for copied in _mixed(text, there, chosen, start, end):
            place += len(_APART)
            copies.append(Copy(place, start, end))
            pieces += [_APART, copied]
            place += end - start
    return Searchable("".join(pieces), len(text), tuple(copies))


def _overlapping(broken: list[BrokenWord], start: int, end: int) -> list[BrokenWord]:
    """Those of the words that are in ``text[start:end]``, all or in part."""
    first = bisect_right(broken, start, key=lambda word: word.end)
    return broken[first : bisect_left(broken, end, key=lambda word: word.start)]


def _most_near(broken: list[BrokenWord]) -> int:
    """The most words, not certain ones, that are near each other."""
    starts = [word.start for word in broken if not word.is_certain]
    return max(bisect_right(starts, start + _NEAR_CHARS // 2) - number for number, start in enumerate(starts))


def _mixed(text: str, broken: list[BrokenWord], chosen: int, start: int, end: int) -> Iterator[str]:
    """``text[start:end]`` with each choice of words in halves, but none: of `chosen` words that follow each other."""
    numbers = [0, *accumulate(not word.is_certain for word in broken)]
    for halves in range(1, 2**chosen):
        whole = [
            word
            for word, number in zip(broken, numbers, strict=False)
            if word.is_certain or not halves >> number % chosen & 1
        ]
        yield _rejoined(text, whole, start, end)


def _around(text: str, broken: list[BrokenWord]) -> Iterator[tuple[int, int]]:
    """The stretches of `text` around these words; one for words near each other, so that nothing is copied twice."""
    start = end = 0
    for first, last in _groups(broken):
        before = _BETWEEN_SPACES.finditer(text, max(0, first.start - _NEAR_CHARS), first.start)
        places = [match.start() for match in before][-NEAR_WORDS:]
        begin = places[0] if places else first.start
        if end and begin > end:
            yield start, end
        if not end or begin > end:
            start = begin
        end = _after(text, last.end)
    if end:
        yield start, end


def _groups(broken: list[BrokenWord]) -> Iterator[tuple[BrokenWord, BrokenWord]]:
    """The first and the last of words that are so near each other that the text around them is the same."""
    if not broken:
        return
    first = broken[0]
    for word, following in pairwise(broken):
        if following.start - word.end > _NEAR_CHARS // 2:
            yield first, word
            first = following
    yield first, broken[-1]


def _after(text: str, place: int) -> int:
    """Where the words end that follow the one that ends at `place`, with what follows that without a space."""
    limit = min(len(text), place + _NEAR_CHARS)
    ends = [match.end() for match in islice(_BETWEEN_SPACES.finditer(text, place, limit), NEAR_WORDS)]
    if ends and ends[-1] == limit < len(text):
        del ends[-1]  # it may go on
    return ends[-1] if ends else place + len(_TO_SPACE.findall(text, place, limit)[0])
