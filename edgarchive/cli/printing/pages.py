"""Pages of the documentation on a terminal: reflowed paragraphs, tables as lists, and the addresses of links."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence

from archiver.startup.patterns import lazy_pattern
from edgarchive.cli.printing.terminal import Style

_COMMENT = lazy_pattern(r"<!--.*?-->\n?", re.DOTALL)
_IMAGE = lazy_pattern(r"!\[[^\]]*\]\([^)]*\)")
_LINK = lazy_pattern(r"\[([^\]]+)\]\(([^)\s]+)\)")
_HEADING = lazy_pattern(r"#+ (.+)")
_ITEM = lazy_pattern(r"( *)(-|\d+\.) +(?=\S)")
_CELLS = lazy_pattern(r"(?<!\\)\|")
_STRONG = lazy_pattern(r"\*\*([^*\n]+)\*\*")

_FENCE = "```"
_WIDTH = 80
"""The width where stdout is not a terminal."""
_INDENT = "    "

Address = Callable[[str], str]
"""Where the page with this path, relative to the documentation's folder, can be read."""


def page_lines(markdown: str, style: Style, *, page: str, address: Address) -> Iterator[str]:
    """The lines of the page named `page`, such as ``howto/alerts``, for a terminal, styled.

    The address of a link is shown where a list item ends with it; elsewhere its text suffices.
    """
    width = style.width or _WIDTH
    folder = posixpath.dirname(page)

    def target(link: str) -> str:
        path = link.partition("#")[0]
        return link if "://" in link else address(posixpath.normpath(posixpath.join(folder, path))) if path else ""

    before: re.Match[str] | None = None
    for number, block in enumerate(_blocks(_IMAGE.sub("", _COMMENT.sub("", markdown)))):
        first = block[0]
        item = _ITEM.match(first)
        if number and not (item and before):
            yield ""
        before = item
        if first.lstrip().startswith(_FENCE):
            yield from (f"{_INDENT}{line}" if line else "" for line in _dedented(block[1:-1]))
        elif heading := _HEADING.fullmatch(first):
            yield style.bold(_plain(heading[1]))
        elif first.startswith("|") and len(block) > 1:
            yield from _table(block, width)
        else:
            yield from _paragraph(" ".join(line.strip() for line in block), item, target, width)


def _blocks(markdown: str) -> Iterator[list[str]]:
    """The blocks of a page: code with its fences, a heading, a table, a paragraph, a list item, each as its lines."""
    block: list[str] = []
    is_code = False
    for line in [*markdown.split("\n"), ""]:
        fence = line.lstrip().startswith(_FENCE)
        begins = fence or not line.strip() or _ITEM.match(line) or _HEADING.fullmatch(line)
        if not is_code and block and (begins or _HEADING.fullmatch(block[0])):
            yield block
            block = []
        if fence or is_code or line.strip():
            block.append(line)
        if fence:
            if is_code:
                yield block
                block = []
            is_code = not is_code


def _dedented(lines: Sequence[str]) -> list[str]:
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return [line[margin:] for line in lines]


def _paragraph(text: str, item: re.Match[str] | None, target: Address, width: int) -> Iterator[str]:
    """A paragraph or a list item, wrapped."""
    margin, mark = (item[1], f"{item[2]} ") if item else ("", "")
    text = text.removeprefix(mark)
    *_, last = [None, *_LINK.finditer(text)]
    if item and last and last.end() == len(text) and (where := target(last[2])):
        begin = text[: last.start()]
        text = f"{begin}{where}" if begin.endswith(": ") else f"{text}: {where}"
    yield from Style(on=False, width=width).lines(_plain(text), indent=margin + " " * len(mark), first=margin + mark)


def _table(rows: Sequence[str], width: int) -> Iterator[str]:
    """Each row as its first cell, and below it the others, with the names of their columns if there are several."""
    head, _, *body = [[_plain(cell.strip()) for cell in _CELLS.split(row.strip())[1:-1]] for row in rows]
    style = Style(on=False, width=width)
    for term, *others in body:
        yield from style.lines(term, indent=_INDENT, first="  ")
        for name, cell in zip(head[1:], others, strict=False):
            label = f"{name}: " if len(head) > 2 and name else ""  # noqa: PLR2004 — more than a term and its meaning
            if cell:
                yield from style.lines(label + cell, indent=f"{_INDENT}  ")


def _plain(text: str) -> str:
    """`text` without the markup of links, strong words and escaped bars."""
    return _STRONG.sub(r"\1", _LINK.sub(r"\1", text)).replace("\\|", "|")
