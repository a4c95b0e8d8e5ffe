"""Cutting a passage out of a text: cleaned, in whole words and sentences, with its marks."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern

SNIPPET_CHARS = 240
_MARGIN = 2 * SNIPPET_CHARS
_WIDE_MARGIN = 8 * SNIPPET_CHARS
"""Bytes examined on each side; the wide margin is for the white space of tables."""

_BYTES_PER_WORD = 16
_MAX_CONTEXT_WORDS = 2_000

_RULE = lazy_pattern(r"([.\-_=*~\u00b7\u2013\u2014])(?: ?\1){3,}")
"""A drawn line, or the dots between a heading and its page in a table of contents."""

_SENTENCE_END = lazy_pattern(r"(?<=[a-z]{4}[.!?]) (?=[\"“(]?[A-Z])")
"""A sentence end: requiring four lower-case letters before it excludes ``Inc.``, ``Mr.`` and initials."""

_STOP = lazy_pattern(r"(?:[a-z]{2}|[0-9]{2}|[)\]%])[.!?][\"”’)]*$")
_ABBREVIATION = lazy_pattern(r"\b(?:Inc|Corp|Ltd|Cos|Bros|Mrs|Messrs|Nos|etc|vs|approx)\.$")
"""A word that ends with a full stop within a sentence; one of a single small letter is none of `_STOP`."""

_ELLIPSIS = "…"

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Snippet:
    """A passage as plain text, without control or bidirectional characters, and the spans that matched.

    The text is that of the document, verbatim. `is_cut_before` and `is_cut_after`: it begins or ends within a sentence.
    """

    text: str
    spans: tuple[Span, ...]
    is_cut_before: bool = False
    is_cut_after: bool = False

    def with_ellipses(self) -> Snippet:
        """The passage for a reader: an ellipsis where it begins or ends within a sentence."""
        before = f"{_ELLIPSIS} " if self.is_cut_before else ""
        after = f" {_ELLIPSIS}" if self.is_cut_after else ""
        spans = tuple((start + len(before), stop + len(before)) for start, stop in self.spans)
        return Snippet(f"{before}{self.text}{after}", spans)

    def as_html(self) -> str:
        """The passage with ``&``, ``<`` and ``>`` escaped and each match in ``<em>`` and ``</em>``."""
        parts: list[str] = []
        end = 0
        for start, stop in self.spans:
            parts += [_escape(self.text[end:start]), "<em>", _escape(self.text[start:stop]), "</em>"]
            end = stop
        return "".join(parts) + _escape(self.text[end:])


class Mark(NamedTuple):
    """A match of the needle with this number: its begin and end in the text, in bytes."""

    start: int
    stop: int
    number: int


class Window(NamedTuple):
    """A stretch of the text from one match to another."""

    first: int
    last: int


class Cutter:
    """Cuts passages from one text."""

    def __init__(
        self,
        text: bytes,
        marks: list[Mark],
        context_words: int | None,
        within: Sequence[Span] | None,
        headings: Sequence[Span] = (),
    ) -> None:
        self._text = text
        self._within = within or ()
        self._headings = headings
        self._marks = marks
        self._context_words = None if context_words is None else min(context_words, _MAX_CONTEXT_WORDS)

    def cut(self, window: Window) -> Snippet:
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

    def are_apart(self, window: Window, later: Window) -> bool:
        """Whether there is enough text between two windows for the context of each."""
        begin, end = window.last, later.first
        if self._context_words is None:
            if not 2 * SNIPPET_CHARS <= end - begin <= 2 * _WIDE_MARGIN:
                return end - begin > 2 * SNIPPET_CHARS
            return len(_cleaned(self._text[begin:end], follows_blank=True)) >= 2 * SNIPPET_CHARS
        if end - begin > 2 * (self._context_words + 2) * _BYTES_PER_WORD:  # their contexts cannot meet
            return True
        between = len(_cleaned(self._text[begin:end], follows_blank=True).split())
        return begin <= end and between >= 2 * self._context_words

    def _clean(self, window: Window, margin: int) -> _Piece:
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

    def _bounds(self, window: Window) -> Span:
        """Where the text that a passage around `window` may show begins and ends.

        A passage of about `SNIPPET_CHARS` stays between two headings: the heading of a section is shown apart.
        """
        low = max((begin for begin, _ in self._within if begin <= window.first), default=0)
        high = min((end for _, end in self._within if window.last <= end), default=len(self._text))
        if self._context_words is None:
            low = max((end for _, end in self._headings if low < end <= window.first), default=low)
            high = min((begin for begin, _ in self._headings if window.last <= begin < high), default=high)
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
        is_cut_before = (begin > 0 or self.is_cut_before) and not _ends_sentence(self.text[:begin].rstrip())
        is_cut_after = (end < len(self.text) or self.is_cut_after) and not _ends_sentence(self.text[:end])
        return Snippet(self.text[begin:end], spans, is_cut_before, is_cut_after)


def _ends_sentence(text: str) -> bool:
    return _STOP.search(text) is not None and _ABBREVIATION.search(text) is None


def _cleaned(raw: bytes, *, follows_blank: bool) -> str:
    """The displayable form of `raw`: white space folded, none at the beginning if a space precedes it, rules short."""
    text = raw.decode(errors="ignore")  # a character that was split at an end, or half of one
    words = text.split()
    if not all(map(str.isprintable, words)):
        text = "".join(char for char in text if char.isspace() or unicodedata.category(char)[0] != "C")
        words = text.split()
    if not words:
        return "" if not text or follows_blank else " "
    before = " " if text[0].isspace() and not follows_blank else ""
    after = " " if text[-1].isspace() else ""
    shown = _RULE.sub(r"\1\1\1", " ".join(words))
    return f"{before}{shown}{after}"


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
