"""Finding the best passages of a text, with the matched words marked.

The text is folded once; matches in the folded text are mapped back to the original. The words of an exact phrase are
marked together, and only where the phrase occurs.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice
from operator import attrgetter

from archiver.startup.dataclass import dataclass
from indexer.passages.broken import BrokenPlace, broken_places, rejoined
from indexer.passages.cutting import SNIPPET_CHARS, Cutter, Mark, Snippet, Span, Window
from indexer.passages.folding import Folded, fold_text
from indexer.passages.needles import Needle, needles
from indexer.query.nodes import Node
from indexer.texts.model import encode_text

_MAX_MARKS = 5_000
"""Matches of one word or phrase among which the best passage is chosen."""

_MOST_BYTES, _MOST_BEYOND_ASCII = 32 << 20, 600_000
"""Of a text, the first bytes are searched, and so many beyond ASCII, which take a hundred times as long.

With its default, `max_text_chars` indexes no more. A text of one word, or of one letter of another alphabet, would take
minutes and gigabytes.
"""

_MOST_MATCHES, _MOST_TRIES = 200_000, 1_000_000
"""Matches that are counted, and places that are tried, for all words and phrases of a query together."""

_PIECE_BYTES = 1 << 16
_ASCII = bytes(range(128))

_NEAR_BYTES = 40
"""The unit of nearness: words are nearer if they are in fewer stretches of this many bytes."""


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
        """The spans of the query's words in `text`, in order, at most `_MOST_MATCHES`; overlapping ones are merged."""
        encoded = _beginning(encode_text(text))
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
        matches. Matches in `headings`, spans of the text in bytes, are used only if there are no others; passages of
        whole sentences do not run over a heading. With `within`, only matches in these spans count, and no passage
        leaves them.
        """
        text = _beginning(text)
        marks = _marks(self._needles, text, within)
        cutter = Cutter(text, marks, context_words, within, headings)
        chosen = _best(self._needles, _without(marks, headings) or marks, n, cutter)
        passages = tuple(Passage(cutter.cut(window), window.first) for window in chosen)
        return Found(passages, len(marks))


def _beginning(text: bytes) -> bytes:
    """`text`, in UTF-8, or what is searched of a very long one (`_MOST_BYTES`)."""
    end = min(len(text), _MOST_BYTES)
    if end > _MOST_BEYOND_ASCII and not text.isascii():
        beyond = 0
        for at in range(0, end, _PIECE_BYTES):
            beyond += len(text[at : min(end, at + _PIECE_BYTES)].translate(None, _ASCII))
            if beyond > _MOST_BEYOND_ASCII:
                end = at
                break
    while 0 < end < len(text) and text[end] & 0xC0 == 0x80:  # noqa: PLR2004 — a byte in the middle of a character
        end -= 1
    return text[:end]


def _marks(sought: Sequence[Needle], text: bytes, within: Sequence[Span] | None) -> list[Mark]:
    """The first matches in `text`, in order, including hyphenated words, which are indexed whole."""
    folded = fold_text(text)
    marks = list(_marks_in(sought, folded, within))
    if broken := broken_places(text):
        joined = _joined(folded, text, broken)
        marks += [_over_the_break(mark, broken) for mark in _marks_in(sought, joined, within)]
        marks = list(set(marks))
    if broken or len(sought) > 1:
        marks.sort()
    if within is None:
        return marks
    return [mark for mark in marks if any(begin <= mark.start and mark.stop <= end for begin, end in within)]


def _joined(folded: Folded, text: bytes, broken: Sequence[BrokenPlace]) -> Folded:
    """`text` folded with its `broken` words joined; `folded` is the text as it is."""
    if not folded.is_aligned:
        return fold_text(rejoined(text, broken))
    places = [BrokenPlace(one.start + 1, one.end + 1, one.first.lower(), one.second.lower()) for one in broken]
    return Folded(rejoined(folded.words, places), [], [])


def _marks_in(sought: Sequence[Needle], folded: Folded, within: Sequence[Span] | None) -> Iterator[Mark]:
    """The matches of each needle in order, those outside `within` left out as far as their beginning tells."""
    most, tries = (max(_MAX_MARKS, whole // max(1, len(sought))) for whole in (_MOST_MATCHES, _MOST_TRIES))
    for number, needle in enumerate(sought):
        spans = needle.spans(folded.words, tries=tries)
        if folded.is_aligned:
            marks = (Mark(start - 1, stop - 1, number) for start, stop in spans)
        else:
            marks = (Mark(folded.start(start), folded.stop(stop), number) for start, stop in spans)
        if within is not None:
            asked = within
            marks = (mark for mark in marks if any(begin <= mark.start < end for begin, end in asked))
        yield from islice(marks, most)


def _over_the_break(mark: Mark, broken: Sequence[BrokenPlace]) -> Mark:
    """A match in the text with joined words, mapped to the text in which they are hyphenated."""
    at = bisect_right(broken, mark.stop - 1, key=attrgetter("start")) - 1
    if at < 0:
        return mark
    word = broken[at]
    is_cut = word.start + len(word.first) < mark.stop <= word.end
    return mark._replace(stop=word.end) if is_cut else mark


def _without(marks: list[Mark], spans: Sequence[Span]) -> list[Mark]:
    """`marks` without those inside `spans`."""
    left_out: set[int] = set()
    for begin, end in spans:
        first = bisect_left(marks, (begin,))
        left_out.update(range(first, bisect_left(marks, (end,), first)))
    return [mark for place, mark in enumerate(marks) if place not in left_out] if left_out else marks


def _best(sought: Sequence[Needle], marks: list[Mark], n: int, cutter: Cutter) -> list[Window]:
    """The best `n` windows whose passages do not overlap, best first."""
    ranked = _ranked(sought, marks)
    chosen: list[Window] = []
    by_place: list[Window] = []
    for *_, first, last in [min(ranked)] if n == 1 and marks else sorted(ranked):
        window = Window(marks[first].start, marks[last].stop)
        at = bisect_left(by_place, window)
        beside = by_place[max(0, at - 1) : at + 1]  # what is apart from these is apart from all others
        if all(cutter.are_apart(*sorted((window, one))) for one in beside):
            chosen.append(window)
            by_place.insert(at, window)
            if len(chosen) == n:
                break
    return chosen


def _ranked(sought: Sequence[Needle], marks: list[Mark]) -> Iterator[tuple[int, int, int, int, int]]:
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


def _spread(marks: list[Mark], left: int, right: int) -> int:
    """How near the needles of a window are: the distance in bytes from its last match back to the nearest of each."""
    missing = {mark.number for mark in marks[left : right + 1]}
    for place in range(right, left - 1, -1):
        missing.discard(marks[place].number)
        if not missing:
            return marks[right].stop - marks[place].start
    return 0
