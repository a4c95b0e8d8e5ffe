"""The words of an HTML document, in lines as a reader sees them.

Building an HTML tree takes time that grows with the square of the nesting (lexbor, 1 MB of nested ``<div>``: 86 s), and
nothing bounds a filing's. So the tags are first turned into marks, in one linear pass. What is left for the parser is a
flat text, with what only HTML's own rules read well: comments and character references.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser

from indexer.charset import decode

_BLOCK, _ROW, _CELL = "\n", "\x04", "\x05"
_PRE_SPACE, _PRE_LINE = "\x01", "\x02"

_BLOCKS = (
    "address article aside blockquote body br caption center dd details dir div dl dt fieldset figcaption figure "
    "footer form frame h1 h2 h3 h4 h5 h6 head header hr html isindex legend li main menu nav ol optgroup option p page "
    "pre section select summary title ul"
).split()
_ROWS = "table tbody tfoot thead tr".split()
_CELLS = "td th".split()
_VOID = frozenset("area base br col hr img input link meta wbr".split())


class _Marks(dict[str, str]):
    """Tag name as written, with ``/`` where it closes -> mark. Any other tag may stand inside a word: no mark."""

    def __missing__(self, name: str) -> str:
        self[name] = mark = self.get(name.lower(), "") if name != name.lower() else ""
        return mark


_MARKS = {
    **{slash + name: _BLOCK for name in _BLOCKS for slash in ("", "/")},
    **{slash + name: _ROW for name in _ROWS for slash in ("", "/")},
    **dict.fromkeys(_CELLS, _CELL),
}

# Quoted values may hold ">", and end before "<", so that a lost quote costs one tag. Nothing here can backtrack.
_TAG = re.compile(r"""<(/?[A-Za-z][A-Za-z0-9:._-]*+)[^<>"']*+(?:(?:"[^"<]*+"|'[^'<]*+')[^<>"']*+)*+>""")
_LEFT_OVER_TAG = re.compile(r"<(?=[A-Za-z/])")
_PRE_TAG = re.compile(rb"<(/?)pre\b[^<>]*+>", re.IGNORECASE)
_UNSEEN = re.compile(r"<(ix:header|script|style|title)\b", re.IGNORECASE)
_HIDDEN = re.compile(r"<([A-Za-z][A-Za-z0-9:]*+)(?=[^<>]*display\s*:\s*none)", re.IGNORECASE)

_FOLD = bytes.maketrans(bytes(range(32)), b" " * 32)
_FOLD_PRE = bytes.maketrans(bytes(range(33)), bytes([2 if code in b"\n\r" else 1 for code in range(33)]))


def html_text(data: bytes) -> str:
    """The visible text: paragraphs on lines of their own, a table's row on a line with tabs between its cells.

    White space is folded but inside ``<pre>``. Scripts, styles, comments and what a style hides (the header of inline
    XBRL) are left out; a word broken over inline tags is one word.
    """
    source = _with_marked_spaces(data)
    flat = _flatten(_without_hidden(source))
    parser = LexborHTMLParser(flat)
    text = parser.body.text() if parser.body else ""
    return "\n".join(_lines(text)).replace(_PRE_SPACE, " ").replace(_PRE_LINE, "\n")


def _with_marked_spaces(data: bytes) -> str:
    """The source with white space as blanks, so that a line end can be a mark; inside ``<pre>`` as marks of its own."""
    pieces, begin, depth = [], 0, 0
    for tag in _PRE_TAG.finditer(data):
        pieces.append(_fold(data[begin : tag.start()], inside_pre=depth > 0))
        pieces.append(tag.group().translate(_FOLD))
        begin, depth = tag.end(), 0 if tag[1] else 1
    pieces.append(_fold(data[begin:], inside_pre=depth > 0))
    return decode(b"".join(pieces))


def _fold(data: bytes, *, inside_pre: bool) -> bytes:
    return data.replace(b"\r\n", b"\n").translate(_FOLD_PRE) if inside_pre else data.translate(_FOLD)


def _flatten(source: str) -> str:
    """`source` with every tag as its mark. A tag that cannot be read as one is left as text."""
    parts = _TAG.split(source)
    marks = _Marks(_MARKS)
    parts[1::2] = [marks[name] for name in parts[1::2]]
    return _LEFT_OVER_TAG.sub("&lt;", "".join(parts))


def _without_hidden(source: str) -> str:
    """`source` without the elements that nobody sees. One that is never closed stays, or all after it would be lost."""
    hidden = {match.start(): match[1].lower() for match in _UNSEEN.finditer(source)}
    if "none" in source.lower():
        hidden |= {match.start(): match[1].lower() for match in _HIDDEN.finditer(source)}
    if not hidden:
        return source
    kept, position = [], 0
    for begin, end in sorted(_spans(source, hidden)):
        if begin >= position:
            kept.append(source[position:begin])
            position = end
    return "".join([*kept, source[position:]])


def _spans(source: str, hidden: dict[int, str]) -> Iterator[tuple[int, int]]:
    """Where the elements that open at the places `hidden` begin and end, by counting tags of their names."""
    names = set(hidden.values()) - _VOID
    opened: dict[str, list[int]] = {name: [] for name in names}
    if not names:
        return
    for tag in re.finditer(rf"<(/?)({'|'.join(map(re.escape, names))})(?=[\s/>])([^<>]*+)>", source, re.IGNORECASE):
        places = opened[tag[2].lower()]
        if not tag[1]:
            if not tag[3].endswith("/"):
                places.append(tag.start())
        elif places and (begin := places.pop()) in hidden:
            yield begin, tag.end()


def _lines(text: str) -> Iterator[str]:
    for row in text.split(_ROW):
        cells = row.split(_CELL) if _CELL in row else [row]
        filled = [cell for cell in cells if cell and not cell.isspace()]
        if len(filled) > 1:
            yield "\t".join(" ".join(cell.split()) for cell in filled)
        else:  # not part of a table, or a table that only lays out the page
            for cell in filled:
                yield from filter(None, (" ".join(line.split()) for line in cell.split(_BLOCK)))
