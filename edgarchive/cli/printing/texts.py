"""The text of documents for people: a title, wrapped paragraphs, and marked matches."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from archiver.startup.patterns import lazy_pattern
from edgarchive.cli.output import say, say_styled
from edgarchive.cli.printing.terminal import Span, Style, columns
from edgarchive.formats import clean, harmless
from indexer.submission.submission import Document

_COLUMNS = lazy_pattern(r"\S(?: {2,}|\t)\s*\S")
"""Two words far apart: a line of a table, which keeps its columns."""
_LAST_CELL = lazy_pattern(r".*\S {2,}(?=\S)")
_TAB = 8
_CONTINUED = 4
"""Columns by which the rest of a line of a table is indented if its last cell begins too far right."""
_INDENT = lazy_pattern(r"[ \t]*")


def title_of(document: Document) -> str:
    """A document in one line: sequence, type, file name, description."""
    number = "" if document.sequence is None else str(document.sequence)
    parts = (number, document.type, document.filename or "", document.description or "")
    return "  ".join(clean(part) for part in parts if part)


def print_title(title: str, style: Style) -> None:
    """Print a title that stands out even without colour."""
    say_styled(style.bold(f"==> {title} <=="))


def print_text(text: str, style: Style, marks: Sequence[Span] = ()) -> None:
    """Print `text` with the spans `marks` highlighted; on a terminal its paragraphs are wrapped."""
    if style.width is None and not (style.on and marks):
        say(text)
        return
    marks = sorted(marks)
    ends = [stop for _, stop in marks]
    place = 0
    for line in text.split("\n"):
        end = place + len(line)
        here = marks[bisect_right(ends, place) : bisect_left(marks, (end,))]
        for shown in _lines(line, [(a - place, b - place) for a, b in here], style):
            say_styled(shown)
        place = end + 1


def _lines(line: str, spans: Sequence[Span], style: Style) -> Iterator[str]:
    plain, places = _harmless(line)
    spans = [(places[max(a, 0)], places[min(b, len(line))]) for a, b in spans]
    if style.width is None:
        yield from Style(style.on).lines(plain, spans)
        return
    is_row = _COLUMNS.search(plain) is not None
    plain, places = _without_tabs(plain)
    plain = plain.rstrip(" ")
    spans = [(places[a], places[b]) for a, b in spans]
    if is_row:
        yield from _row(plain, spans, style, style.width)
        return
    indent = _INDENT.match(plain)
    assert indent is not None  # noqa: S101 — it matches nothing at all, too
    cut = indent.end()
    body_spans = [(max(a - cut, 0), b - cut) for a, b in spans]
    yield from style.lines(plain[cut:], body_spans, indent=indent[0][: style.width // 2])


def _row(expanded: str, spans: Sequence[Span], style: Style, width: int) -> Iterator[str]:
    """A line of a table without tabs; if it is too wide, the rest of its last cell below that cell."""
    if columns(expanded) <= width:
        yield from Style(style.on).lines(expanded, spans)
        return
    last = _LAST_CELL.match(expanded)
    if last is not None and columns(last.group()) <= width // 2:
        [cells] = Style(style.on).lines(last.group(), spans)
        body, indent = expanded[last.end() :], " " * columns(last.group())
    else:
        body = expanded.lstrip(" ")
        cells = " " * min(len(expanded) - len(body), width // 2)
        indent = cells + " " * _CONTINUED
    skipped = len(expanded) - len(body)
    inner = [(max(a - skipped, 0), b - skipped) for a, b in spans if b > skipped]
    yield from style.lines(body, inner, indent=indent, first=cells)


def _without_tabs(line: str) -> tuple[str, list[int]]:
    """`line` with blanks up to the next stop in the place of each tab, and the new position of each character."""
    if "\t" not in line:
        return line, list(range(len(line) + 1))
    parts, places, length, column = [], [0], 0, 0
    for char in line:
        part = " " * (_TAB - column % _TAB) if char == "\t" else char
        parts.append(part)
        length += len(part)
        column += len(part) if char == "\t" else columns(char)
        places.append(length)
    return "".join(parts), places


def _harmless(line: str) -> tuple[str, list[int]]:
    """`line` without terminal control sequences, and the new position of each character."""
    plain = harmless(line)
    if plain == line:
        return line, list(range(len(line) + 1))
    places, length = [0], 0
    for char in line:
        length += len(harmless(char))
        places.append(length)
    return plain, places
