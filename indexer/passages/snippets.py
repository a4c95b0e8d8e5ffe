"""Finding the best passages of a text, with the matched words marked.

The text is folded once; matches in the folded text are mapped back to the original. The words of an exact phrase are
marked together, and only where the phrase occurs.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

from archiver.dataclass import dataclass
from archiver.patterns import lazy_pattern
from indexer.passages.broken import BrokenPlace, broken_places, rejoined
from indexer.passages.folding import Folded, fold_text
from indexer.passages.needles import Needle, needles
from indexer.query.nodes import Node
from indexer.texts.model import encode_text

SNIPPET_CHARS = 240
_MAX_MARKS = 5_000
"""Matches of one word or phrase among which the best passage is chosen."""

_MARGIN = 2 * SNIPPET_CHARS
_WIDE_MARGIN = 8 * SNIPPET_CHARS
"""Bytes examined on each side; the wide margin is for the white space of tables."""

_BYTES_PER_WORD = 16
_MAX_CONTEXT_WORDS = 2_000

_SENTENCE_END = lazy_pattern(r"(?<=[a-z]{4}[.!?]) (?=[\"“(]?[A-Z])")
"""A sentence end: requiring four lower-case letters before it excludes ``Inc.``, ``Mr.`` and initials."""

_NEAR_BYTES = 40
"""The unit of nearness: words are nearer if they are in fewer stretches of this many bytes."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Snippet:
    """A passage as plain text, without control or bidirectional characters, and the spans that matched."""

    text: str
    spans: tuple[Span, ...]

    def as_html(self) -> str:
        """The passage with ``&``, ``<`` and ``>`` escaped and each match in ``<em>`` and ``</em>``."""
        parts: list[str] = []
        end = 0
        for start, stop in self.spans:
            parts += [_escape(self.text[end:start]), "<em>", _escape(self.text[start:stop]), "</em>"]
            end = stop
        return "".join(parts) + _escape(self.text[end:])


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage, and the position of its first match in the text, in bytes of UTF-8."""

    snippet: Snippet
    place: int


@dataclass(frozen=True, slots=True)
class Found:
    """The best passages of a text, best first, and the total number of matches."""

    passages: tuple[Passage, ...]
    matches: int


class Highlighter:
    """Finds the passages for one query. It keeps no state about texts, so threads may share it."""

    def __init__(self, query: Node) -> None:
        self._needles = needles(query)

    @property
    def looks_for_text(self) -> bool:
        """Whether the query has any words to mark; ``form:8-K`` has none."""
        return bool(self._needles)

    def marks(self, text: str) -> tuple[Span, ...]:
        """The spans of the query's words in `text`, in order; overlapping spans are merged."""
        encoded = encode_text(text)
        spans: list[Span] = []
        for start, stop, _ in _marks(self._needles, encoded, None):
            if spans and start < spans[-1][1]:
                spans[-1] = (spans[-1][0], max(stop, spans[-1][1]))
            else:
                spans.append((start, stop))
        characters: list[int] = []
        last = count = 0
        for place in (place for span in spans for place in span):
            count += len(encoded[last:place].decode(errors="surrogatepass"))
            characters.append(count)
            last = place
        return tuple(zip(characters[::2], characters[1::2], strict=True))

    def snippet(self, text: str) -> Snippet | None:
        """The best passage of `text`; None if nothing of the query occurs in it."""
        found = self.find(encode_text(text)).passages
        return found[0].snippet if found else None

    def find(
        self,
        text: bytes,
        *,
        n: int = 1,
        context_words: int | None = None,
        headings: Sequence[Span] = (),
        within: Sequence[Span] | None = None,
    ) -> Found:
        """The `n` best passages of `text`, in UTF-8, without overlaps.

        A passage contains as much of the query as possible: phrases count more than words, then nearness counts. It has
        about `SNIPPET_CHARS` characters, in whole sentences if they fit, or `context_words` on each side of its
        matches. Matches in `headings`, spans of the text in bytes, are used only if there are no others. With `within`,
        only matches in these spans count, and no passage leaves them.
        """
        marks = _marks(self._needles, text, within)
        cutter = _Cutter(text, marks, context_words, within)
        chosen = _best(self._needles, _without(marks, headings) or marks, n, cutter)
        passages = tuple(Passage(cutter.cut(window), window.first) for window in chosen)
        return Found(passages, len(marks))


class _Mark(NamedTuple):
    """A match of the needle with this number: its begin and end in the text, in bytes."""

    start: int
    stop: int
    number: int


class _Window(NamedTuple):
    """A stretch of the text from one match to another."""

    first: int
    last: int


def _marks(sought: Sequence[Needle], text: bytes, within: Sequence[Span] | None) -> list[_Mark]:
    """All matches in `text`, in order, including hyphenated words, which are indexed whole."""
    marks = _marks_in(sought, fold_text(text))
    if broken := broken_places(text):
        joined = fold_text(rejoined(text, broken))
        marks += [_over_the_break(mark, broken) for mark in _marks_in(sought, joined)]
        marks = list(set(marks))
    if broken or len(sought) > 1:
        marks.sort()
    if within is None:
        return marks
    return [mark for mark in marks if any(begin <= mark.start and mark.stop <= end for begin, end in within)]


def _marks_in(sought: Sequence[Needle], folded: Folded) -> list[_Mark]:
    if folded.is_aligned:
        return [
            _Mark(start - 1, stop - 1, number)
            for number, needle in enumerate(sought)
            for start, stop in needle.spans(folded.words)
        ]
    return [
        _Mark(folded.start(start), folded.stop(stop), number)
        for number, needle in enumerate(sought)
        for start, stop in needle.spans(folded.words)
    ]


def _over_the_break(mark: _Mark, broken: Sequence[BrokenPlace]) -> _Mark:
    """A match in the text with joined words, mapped to the text in which they are hyphenated."""
    at = bisect_right(broken, mark.stop - 1, key=attrgetter("start")) - 1
    if at < 0:
        return mark
    word = broken[at]
    is_cut = word.start + len(word.first) < mark.stop <= word.end
    return mark._replace(stop=word.end) if is_cut else mark


def _without(marks: list[_Mark], spans: Sequence[Span]) -> list[_Mark]:
    """`marks` without those inside `spans`."""
    left_out: set[int] = set()
    for begin, end in spans:
        first = bisect_left(marks, (begin,))
        left_out.update(range(first, bisect_left(marks, (end,), first)))
    return [mark for place, mark in enumerate(marks) if place not in left_out] if left_out else marks


def _best(sought: Sequence[Needle], marks: list[_Mark], n: int, cutter: _Cutter) -> list[_Window]:
    """The best `n` windows whose passages do not overlap, best first."""
    ranked = _ranked(sought, marks)
    chosen: list[_Window] = []
    for *_, first, last in [min(ranked)] if n == 1 and marks else sorted(ranked):
        window = _Window(marks[first].start, marks[last].stop)
        if all(cutter.are_apart(*sorted((window, one))) for one in chosen):
            chosen.append(window)
            if len(chosen) == n:
                break
    return chosen


def _ranked(sought: Sequence[Needle], marks: list[_Mark]) -> Iterator[tuple[int, int, int, int, int]]:
    """The windows that end with each mark; smaller is better. The last two numbers are the first and last mark."""
    inside = [0] * len(sought)
    weight = left = 0
    for right, mark in enumerate(marks[: _MAX_MARKS * len(sought)]):
        if not inside[mark.number]:
            weight += sought[mark.number].weight
        inside[mark.number] += 1
        earliest = mark.stop - SNIPPET_CHARS
        while left < right and marks[left].start < earliest:
            gone = marks[left].number
            inside[gone] -= 1
            if not inside[gone]:
                weight -= sought[gone].weight
            left += 1
        spread = _spread(marks, left, right) // _NEAR_BYTES if len(sought) > 1 else 0
        yield -weight, spread, left - right, left, right


def _spread(marks: list[_Mark], left: int, right: int) -> int:
    """How near the needles of a window are: the distance in bytes from its last match back to the nearest of each."""
    missing = {mark.number for mark in marks[left : right + 1]}
    for place in range(right, left - 1, -1):
        missing.discard(marks[place].number)
        if not missing:
            return marks[right].stop - marks[place].start
    return 0


class _Cutter:
    """Cuts passages from one text."""

    def __init__(
        self, text: bytes, marks: list[_Mark], context_words: int | None, within: Sequence[Span] | None
    ) -> None:
        self._text = text
        self._within = within or ()
        self._marks = marks
        self._context_words = None if context_words is None else min(context_words, _MAX_CONTEXT_WORDS)

    def cut(self, window: _Window) -> Snippet:
        """The cleaned passage around `window`, in whole words, with all marks in it."""
        if self._context_words is not None:
            margin = (self._context_words + 2) * _BYTES_PER_WORD
            piece = self._clean(window, margin)
            begin, end = _words_around(piece, self._context_words)
            return piece.between(begin, end)
        piece = self._clean(window, _MARGIN)
        if len(piece.text) < 2 * SNIPPET_CHARS:
            piece = self._clean(window, _WIDE_MARGIN)
        return piece.between(*_around(piece))

    def are_apart(self, window: _Window, later: _Window) -> bool:
        """Whether there is enough text between two windows for the context of each."""
        begin, end = window.last, later.first
        if self._context_words is None:
            if not 2 * SNIPPET_CHARS <= end - begin <= 2 * _WIDE_MARGIN:
                return end - begin > 2 * SNIPPET_CHARS
            return len(_cleaned(self._text[begin:end], follows_blank=True)) >= 2 * SNIPPET_CHARS
        words = 2 * self._context_words
        if not words < end - begin <= words * _BYTES_PER_WORD:
            return end - begin > words
        return len(self._text[begin:end].split()) >= words

    def _clean(self, window: _Window, margin: int) -> _Piece:
        """The text around `window`, cleaned."""
        first, last = window
        low, high = self._bounds(window)
        begin, end = max(low, first - margin), min(high, last + margin)
        marks = self._marks[bisect_left(self._marks, (begin,)) : bisect_right(self._marks, (end,))]
        parts: list[str] = []
        spans: list[Span] = []
        length, place = 0, begin
        focus = [0, 0]
        for start, stop, _ in marks:
            if start < place or stop > end:  # words of a phrase that are also searched individually
                if spans and start < place < stop <= end:
                    more = _cleaned(self._text[place:stop], follows_blank=False)
                    parts.append(more)
                    length += len(more)
                    spans[-1] = (spans[-1][0], length)
                    place = stop
                    if stop <= last:
                        focus[1] = length
                continue
            between = _cleaned(self._text[place:start], follows_blank=not parts or parts[-1].endswith(" "))
            marked = _cleaned(self._text[start:stop], follows_blank=False)
            parts += [between, marked] if between else [marked]
            spans.append((length + len(between), length + len(between) + len(marked)))
            length += len(between) + len(marked)
            place = stop
            if start == first:
                focus[0] = spans[-1][0]
            if stop <= last:
                focus[1] = length
        parts.append(_cleaned(self._text[place:end], follows_blank=bool(parts) and parts[-1].endswith(" ")))
        return _Piece("".join(parts), tuple(spans), focus[0], focus[1], begin > low, end < high)

    def _bounds(self, window: _Window) -> Span:
        """Where the text that a passage around `window` may show begins and ends."""
        low = max((begin for begin, _ in self._within if begin <= window.first), default=0)
        high = min((end for _, end in self._within if window.last <= end), default=len(self._text))
        return low, high


@dataclass(frozen=True, slots=True)
class _Piece:
    """Clean text with its marks; from `first` to `last` it must be shown. The text around it may be longer."""

    text: str
    spans: tuple[Span, ...]
    first: int
    last: int
    is_cut_before: bool
    is_cut_after: bool

    def between(self, begin: int, end: int) -> Snippet:
        """The part from `begin` to `end`."""
        spans = tuple(
            (max(start, begin) - begin, min(stop, end) - begin)
            for start, stop in self.spans
            if start < end and stop > begin
        )
        return Snippet(self.text[begin:end], spans)


def _cleaned(raw: bytes, *, follows_blank: bool) -> str:
    """The displayable form of `raw`, with white space folded; none at the beginning if a space precedes it."""
    text = raw.decode(errors="ignore")  # a character that was split at an end, or half of one
    words = text.split()
    if not all(map(str.isprintable, words)):
        text = "".join(char for char in text if char.isspace() or unicodedata.category(char)[0] != "C")
        words = text.split()
    if not words:
        return "" if not text or follows_blank else " "
    before = " " if text[0].isspace() and not follows_blank else ""
    after = " " if text[-1].isspace() else ""
    return f"{before}{' '.join(words)}{after}"


def _around(piece: _Piece) -> Span:
    """About `SNIPPET_CHARS` characters to show: whole words, and whole sentences if they fit."""
    text, first, last = piece.text, piece.first, piece.last
    spare = max(0, SNIPPET_CHARS - (last - first))
    begin = max(0, first - spare // 2)
    end = min(len(text), max(last, begin + SNIPPET_CHARS))
    begin = max(0, min(begin, end - SNIPPET_CHARS)) if first >= end - SNIPPET_CHARS else begin
    begin, end = _whole_words(piece, begin, end)
    return _whole_sentences(piece, begin, end)


def _words_around(piece: _Piece, count: int) -> Span:
    """The part with `count` words on each side of what must be shown."""
    before = [match.start() for match in re.finditer(r"\S+", piece.text[: piece.first])]
    inside = piece.first > 0 and not piece.text[piece.first - 1].isspace()  # from a word that is partly marked
    wanted = count + inside
    begin = before[-wanted] if 0 < wanted <= len(before) else 0 if wanted else piece.first
    after = [match.end() for match in re.finditer(r"\S+", piece.text[piece.last :])]
    follows = piece.last < len(piece.text) and not piece.text[piece.last].isspace()
    wanted = count + follows
    end = piece.last + (after[wanted - 1] if 0 < wanted <= len(after) else after[-1] if wanted and after else 0)
    return begin, end


def _whole_words(piece: _Piece, begin: int, end: int) -> Span:
    """The window shrunk to white space at both ends, but never into what must be shown."""
    text, first, last = piece.text, piece.first, piece.last
    if (begin > 0 and text[begin - 1] != " ") or (begin == 0 and piece.is_cut_before):
        while begin < first and (begin == 0 or text[begin - 1] != " "):
            begin += 1
    if (end < len(text) and text[end] != " ") or (end == len(text) and piece.is_cut_after):
        while end > last and (end == len(text) or text[end] != " "):
            end -= 1
    while begin < first and text[begin] == " ":
        begin += 1
    while end > last and text[end - 1] == " ":
        end -= 1
    return begin, end


def _whole_sentences(piece: _Piece, begin: int, end: int) -> Span:
    """The window without partial sentences at its ends, except for what must be shown.

    At the end, only as much is removed as leaves the passage long enough to read.
    """
    starts = [match.end() for match in _SENTENCE_END.finditer(piece.text, begin, piece.first)]
    if begin > 0 and starts:
        begin = starts[0]
    ends = [match.start() for match in _SENTENCE_END.finditer(piece.text, piece.last, end)]
    if end < len(piece.text) and ends and ends[-1] - begin >= SNIPPET_CHARS // 2:
        end = ends[-1]
    return begin, end


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
