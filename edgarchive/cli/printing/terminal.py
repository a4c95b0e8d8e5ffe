"""Terminal features: colour, links, and line wrapping."""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from typing import TextIO

from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern
from edgarchive.formats import clean

MIN_WIDTH = 20
"""Smaller reported widths are ignored: nothing readable fits."""

_MATCH = "\x1b[1;38;5;16;48;5;220m"
"""Black on amber, both explicit, so that the contrast (14 : 1) is the same on light and dark backgrounds."""
_RESET = "\x1b[0m"

_COMMAND = lazy_pattern(r"`[^`]+`")
_JOINED = "\0"
"""Stands for a blank at which no line may end; `clean` leaves none in any text."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Style:
    """Bold, colour and links, or none of them; and the width for wrapping lines, None for no wrapping."""

    on: bool
    width: int | None = None

    @classmethod
    def of_stdout(cls) -> Style:
        """The style for stdout: colour on a terminal or with ``FORCE_COLOR``, never with ``NO_COLOR`` or ``TERM=dumb``.

        Sources: https://no-color.org, https://force-color.org.
        """
        terminal = sys.stdout.isatty()
        wanted = terminal or bool(os.environ.get("FORCE_COLOR"))
        refused = bool(os.environ.get("NO_COLOR")) or (terminal and os.environ.get("TERM") == "dumb")
        return cls(wanted and not refused, terminal_width(sys.stdout))

    def bold(self, text: str) -> str:
        """Bold."""
        return f"\x1b[1m{text}{_RESET}" if self.on else text

    def match(self, text: str) -> str:
        """Matched text."""
        return f"{_MATCH}{text}{_RESET}" if self.on else text

    def link(self, text: str, url: str | None) -> str:
        """Text linked to `url` (OSC 8); the address is not shown."""
        return f"\x1b]8;;{clean(url)}\x1b\\{text}\x1b]8;;\x1b\\" if self.on and url else text

    def lines(
        self, text: str, spans: Sequence[Span] = (), *, indent: str = "", first: str | None = None
    ) -> Iterator[str]:
        """`text`, without line breaks, wrapped to lines with its `spans` marked.

        No line breaks inside a word. The first line begins with `first`, if given, the others with `indent`.
        """
        beginning = indent if first is None else first
        for start, stop in wrapped(text, None if self.width is None else self.width - columns(indent)):
            yield beginning + "".join(self._marked(text, spans, start, stop))
            beginning = indent

    def _marked(self, text: str, spans: Sequence[Span], start: int, stop: int) -> Iterator[str]:
        for first, last in spans:
            if last <= start or first >= stop:
                continue
            yield text[start : max(first, start)]
            yield self.match(text[max(first, start) : min(last, stop)])
            start = min(last, stop)
        yield text[start:stop]


def terminal_width(stream: TextIO) -> int | None:
    """How many columns lines on `stream` may take; None where it is not a terminal."""
    return max(MIN_WIDTH, shutil.get_terminal_size().columns) if stream.isatty() else None


def noted(line: str, stream: TextIO) -> str:
    """A line for `stream` that fits it if it is a terminal. A command in it stays whole, so that it can be copied."""
    whole = _COMMAND.sub(lambda command: command[0].replace(" ", _JOINED), line)
    return fitted(whole, terminal_width(stream)).replace(_JOINED, " ")


def fitted(text: str, width: int | None) -> str:
    """`text` with the lines that are wider than `width` cut at blanks, and continued further in; None: as it is."""
    return "\n".join(part for line in text.split("\n") for part in _fitted_line(line, width))


def _fitted_line(line: str, width: int | None) -> Iterator[str]:
    if width is None or columns(line) <= width:
        yield line
        return
    body = line.lstrip(" ")
    indent = line[: len(line) - len(body)][: width // 3]
    start, end = next(wrapped(body, width - len(indent)))
    yield indent + body[start:end]
    rest, indent = body[end:], f"{indent}    "
    for start, end in wrapped(rest, width - len(indent)) if rest.strip(" ") else ():
        yield indent + rest[start:end]


def wrapped(text: str, width: int | None) -> Iterator[Span]:
    """The begins and ends of lines when `text` is wrapped at spaces to `width` columns; None means one line.

    A word wider than a line stays whole.
    """
    if width is None:
        yield 0, len(text)
        return
    start, end, used = 0, 0, 0
    for word_start, word_end in _words(text):
        wide = columns(text[word_start:word_end])
        gap = columns(text[end:word_start]) if end > start else 0
        if end > start and used + gap + wide > width:
            yield start, end
            start, used, gap = word_start, 0, 0
        elif end == start:
            start = word_start
        used += gap + wide
        end = word_end
    yield start, end


def columns(text: str) -> int:
    """The width of `text` on a terminal: wide East Asian characters take two columns, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def _words(text: str) -> Iterator[Span]:
    start = 0
    for word in text.split(" "):
        if word:
            yield start, start + len(word)
        start += len(word) + 1
