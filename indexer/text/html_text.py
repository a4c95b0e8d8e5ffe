"""The words of an HTML document, in lines as a reader sees them.

Building an HTML tree takes time that grows with the square of the nesting (lexbor, 1 MB of nested ``<div>``: 86 s), and
nothing bounds a filing's. So the tags are first turned into marks, in one linear pass; as a document writes the same
few tags over and over, each is looked at once. What is left for the parser is a flat text, with what only HTML's own
rules read well: comments and character references.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from selectolax.lexbor import LexborHTMLParser

from indexer.text.charset import decode

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
_UNSEEN = frozenset("ix:header script style title".split())

_MARKS = {
    **{slash + name: _BLOCK for name in _BLOCKS for slash in ("", "/")},
    **{slash + name: _ROW for name in _ROWS for slash in ("", "/")},
    **dict.fromkeys(_CELLS, _CELL),
}
"""Tag name, with ``/`` where it closes -> mark. Any other tag may stand inside a word: no mark."""

# Quoted values may hold ">", and end before "<", so that a lost quote costs no more than its tag. Nothing here can
# backtrack: each alternative reads no further than to the next "<".
_TAG = re.compile(
    r"""<((?>/?[A-Za-z][^<>"']*+(?:(?:"[^"<]*+"|'[^'<]*+')[^<>"']*+)*+(?=>)|/?[A-Za-z][^<>]*+))>""",
)
_NAME = re.compile(r"/?[A-Za-z][A-Za-z0-9:._-]*+")
_LEFT_OVER_TAG = re.compile(r"<(?=[A-Za-z/])")
_SCRIPT_END = re.compile("</script", re.IGNORECASE)
_PRE_TAG = re.compile(rb"<(/?)pre\b[^<>]*+>", re.IGNORECASE)
_HIDING = re.compile(r"display\s*:\s*none", re.IGNORECASE)

_FOLD = bytes.maketrans(bytes(range(32)), b" " * 32)
_FOLD_PRE = bytes.maketrans(bytes(range(33)), bytes([2 if code in b"\n\r" else 1 for code in range(33)]))
_AND_CUT = bytes.maketrans(b">", b"<")
_FOLD_AND_CUT, _FOLD_PRE_AND_CUT = _FOLD.translate(_AND_CUT), _FOLD_PRE.translate(_AND_CUT)
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"<>"))


def html_text(data: bytes) -> str:
    """The visible text: paragraphs on lines of their own, a table's row on a line with tabs between its cells.

    White space is folded but inside ``<pre>``. Scripts, styles, comments and what a style hides (the header of inline
    XBRL) are left out; a word broken over inline tags is one word.
    """
    parser = LexborHTMLParser(_flatten(_texts_and_tags(data)))
    text = parser.body.text() if parser.body else ""
    return "\n".join(_lines(text)).replace(_PRE_SPACE, " ").replace(_PRE_LINE, "\n")


def _texts_and_tags(data: bytes) -> list[str]:
    """The source cut at its tags: text, tag, text, tag, text; tags without their brackets.

    In nearly all documents each bracket is a tag's, as ``<`` and ``>`` take turns and no comment holds any.
    """
    brackets = data.translate(None, _ALL_BUT_BRACKETS)
    if brackets == b"<>" * (len(brackets) // 2):
        parts = _with_marked_spaces(data, fold=_FOLD_AND_CUT, fold_pre=_FOLD_PRE_AND_CUT).split("<")
        if not any(tag.startswith("!--") and not tag.endswith("--") for tag in set(parts[1::2])):
            return parts
    return _TAG.split(_without_comments(_with_marked_spaces(data, fold=_FOLD, fold_pre=_FOLD_PRE)))


def _without_comments(source: str) -> str:
    """`source` without its comments. One that is never closed, or not before its script is, does not count."""
    kept, position, begin, end, script_end = [], 0, source.find("<!--"), -1, -1
    while begin >= 0:
        if end < begin + 2 and (end := source.find("-->", begin + 2)) < 0:
            break
        if script_end < begin:
            match = _SCRIPT_END.search(source, begin)
            script_end = match.start() if match else len(source)
        if script_end < end:
            begin = source.find("<!--", script_end)
        else:
            kept.append(source[position:begin])
            position = end + len("-->")
            begin = source.find("<!--", position)
    return "".join([*kept, source[position:]])


def _with_marked_spaces(data: bytes, *, fold: bytes, fold_pre: bytes) -> str:
    """The source with white space as blanks, so that a line end can be a mark; inside ``<pre>`` as marks of its own."""
    pieces, begin, inside_pre = [], 0, False
    for tag in _PRE_TAG.finditer(data):
        pieces.append(_translated(data[begin : tag.start()], fold, fold_pre, inside_pre=inside_pre))
        pieces.append(tag.group().translate(fold))
        begin, inside_pre = tag.end(), not tag[1]
    pieces.append(_translated(data[begin:], fold, fold_pre, inside_pre=inside_pre))
    return decode(b"".join(pieces))


def _translated(data: bytes, fold: bytes, fold_pre: bytes, *, inside_pre: bool) -> bytes:
    return data.replace(b"\r\n", b"\n").translate(fold_pre) if inside_pre else data.translate(fold)


def _flatten(parts: list[str]) -> str:
    """The source with every tag as its mark, and without the elements that nobody sees."""
    tags = parts[1::2]
    names = {tag: match[0].lower() if (match := _NAME.match(tag)) else "" for tag in set(tags)}
    marks = {tag: _MARKS.get(name, "") if name else _mark_of_no_tag(tag) for tag, name in names.items()}
    parts[1::2] = [marks[tag] for tag in tags]
    for begin, end in _hidden_spans(tags, names):
        parts[2 * begin + 1 : 2 * end + 2] = [""] * (2 * (end - begin) + 1)
    return _LEFT_OVER_TAG.sub("&lt;", "".join(parts))


def _mark_of_no_tag(tag: str) -> str:
    """Nothing for a comment, a document type and the like; anything else between brackets is text."""
    return "" if tag.startswith(("!", "?")) else f"&lt;{tag}&gt;"


def _hidden_spans(tags: Sequence[str], names: dict[str, str]) -> Iterator[tuple[int, int]]:
    """The first and the last tag of each outermost element that is hidden, as places in `tags`.

    One that is never closed is not given, or all after it would be lost.
    """
    hidden = {tag for tag, name in names.items() if name in _UNSEEN or _HIDING.search(tag)}
    hidden_names = {names[tag] for tag in hidden} - _VOID
    spans: list[tuple[int, int]] = []
    opened: dict[str, list[int]] = {name: [] for name in hidden_names}
    if opened:
        relevant = {tag: name for tag, name in names.items() if name.lstrip("/") in opened and not tag.endswith("/")}
        for place in [place for place, tag in enumerate(tags) if tag in relevant]:
            name = relevant[tags[place]]
            if not name.startswith("/"):
                opened[name].append(place)
            elif (places := opened[name[1:]]) and tags[begin := places.pop()] in hidden:
                spans.append((begin, place))
    position = -1
    for begin, end in sorted(spans):
        if begin > position:
            yield begin, end
            position = end


def _lines(text: str) -> Iterator[str]:
    for row in text.split(_ROW):
        if not row or row.isspace():
            continue
        cells = [cell for cell in row.split(_CELL) if cell and not cell.isspace()]
        if len(cells) > 1:
            yield "\t".join([" ".join(cell.split()) for cell in cells])
        else:  # not part of a table, or a table that only lays out the page
            for cell in cells:
                yield from [" ".join(words) for line in cell.split(_BLOCK) if line and (words := line.split())]
