"""The text of an HTML document, in lines as a reader sees them.

Building an HTML tree takes time quadratic in the nesting (lexbor, 1 MB of nested ``<div>``: 86 s), and a filing's
nesting is unlimited. So there is no tree: the source is split at its tags, each tag is replaced by its mark
(`indexer.text.html_marks`), and lines and cells are made from the result. All passes are linear, nearly all over bytes.
"""

from __future__ import annotations

import contextlib
import html
import re
from collections.abc import Iterable, Iterator
from itertools import repeat

from archiver.startup.patterns import lazy_pattern
from archiver.words import is_unit
from indexer.text.charset import as_utf8
from indexer.text.html_marks import (
    BLOCK,
    CELL,
    LOWERED_AGAIN,
    PRE,
    PRE_END,
    RAISED,
    ROW,
    SPECIAL,
    Marks,
    Special,
    tag_name,
)

_LINE_MARK, _ROW_MARK, _CELL_MARK, _RAISED_MARK, _LOWERED_MARK = b"\x03", b"\x04", b"\x05", b"\x0e", b"\x0f"
_BLANKS = b" " + _LINE_MARK + _CELL_MARK
_PRE_SPACE, _PRE_LINE = b"\x01", b"\x02"

# Quoted values may contain ">", and end before "<", so that a missing quote affects only its tag. Nothing here can
# backtrack: each alternative reads no further than the next "<".
_TAG = lazy_pattern(
    rb"""<((?>/?[A-Za-z][^<>"']*+(?:(?:"[^"<]*+"|'[^'<]*+')[^<>"']*+)*+(?=>)|/?[A-Za-z][^<>]*+|[!?/][^<>]*+))>""",
)
_SCRIPT_END = lazy_pattern(rb"</script", re.IGNORECASE)
_REFERENCE = lazy_pattern(rb"(&(?:#[0-9]{1,9}|#[xX][0-9A-Fa-f]{1,9}|[A-Za-z][A-Za-z0-9]{0,40});?)")
_RAISED_TEXT = lazy_pattern(rb"\x0e\x0e*+([^\x03-\x05\x0e\x0f]*+)\x0f*+")
"""Raised words between their marks; beginning with a literal makes the search many times as fast."""

_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"<>"))
_XBRL_HEADER, _XBRL_HEADER_END = b"<ix:header>", b"</ix:header>"
_MARKS = Marks()
_ENDS_OF_PARAGRAPHS = frozenset(
    b"p /p div /div center /center blockquote /blockquote td /td /th /table h1 h2 h3 h4 h5 h6 hr ul ol dl pre "
    b"li /li /ul /ol /body /html".split()
)
"""The tags that end a paragraph (HTML standard, 13.2.6.4.7); a table does not, as documents rarely have a doctype."""

_NEAR_TAGS = 500
"""Closing tags are usually near; one that is further away is found in a pass over all tags."""

_JOINED = 10_000
"""Parts that are joined at a time."""

_MARK_BYTES = BLOCK + ROW + CELL + RAISED + LOWERED_AGAIN
_MARK_CODES = _LINE_MARK + _ROW_MARK + _CELL_MARK + _RAISED_MARK + _LOWERED_MARK
_FOLD = bytes.maketrans(bytes(range(32)) + _MARK_BYTES, b" " * 32 + _MARK_CODES)
_FOLD_PRE = bytes.maketrans(
    bytes(range(33)) + _MARK_BYTES,
    b"".join(_PRE_LINE if code in b"\n\r" else _PRE_SPACE for code in range(33)) + _MARK_CODES,
)

_INVISIBLE = "\u200b\ufeff\xad\u2060\u200c\u200d\u200e\u200f"
"""Characters without width, neither word nor gap; a soft hyphen is one, as line ends differ from the source's."""
_SPACES = (
    "\xa0\x85\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
_BLANK_BYTES = {
    **{character.encode(): b"" for character in _INVISIBLE},
    **{character.encode(): b" " for character in _SPACES},
}
"""Invisible characters, in UTF-8 -> the space, or nothing, that replaces them."""
_ASCII = bytes(range(128))

_NEAR_CHARS = 20
"""Characters before a raised word that may be the unit it belongs to."""
_ORDINALS = frozenset({"st", "nd", "rd", "th"})
_TRADE_MARKS = frozenset({"tm", "sm"})
_OPENING = frozenset("([{/“‘\"'$€£#–—-")


def html_text(data: bytes) -> str:
    """The visible text: paragraphs on separate lines, and table rows on a line with tabs between the cells.

    White space is folded except in ``<pre>``. Scripts, styles, comments and text hidden by a style (the header of
    inline XBRL) are left out. A word split over inline tags is one word; a raised footnote mark, and words separated by
    a gap of 1.5 points or more, are separate words.
    """
    flat = _flatten(_without_xbrl_header(as_utf8(data)))
    text = _with_blanks(_folded(flat))
    if b"&" in text:
        text = _unescaped(text)
    if _RAISED_MARK in text or _LOWERED_MARK in text:
        text = _with_raised_words(text)
    return _in_rows(text).replace(_PRE_SPACE, b" ").replace(_PRE_LINE, b"\n").decode()


def _without_xbrl_header(data: bytes) -> bytes:
    """`data` without the header of inline XBRL, which is hidden and may be half of a document."""
    begin = data.find(_XBRL_HEADER)
    end = data.find(_XBRL_HEADER_END, begin) if begin >= 0 else -1
    return data[:begin] + data[end + len(_XBRL_HEADER_END) :] if end >= 0 else data


def _flatten(data: bytes) -> bytes:
    """`data` with a mark in place of each tag, and without hidden elements.

    In nearly all documents each bracket belongs to a tag: ``<`` and ``>`` alternate and no comment contains any.
    """
    brackets = data.translate(None, _ALL_BUT_BRACKETS)
    if brackets == b"<>" * (len(brackets) // 2):
        parts = data.replace(b">", b"<").split(b"<")
        tags = parts[1::2]
        specials = _set_marks(parts, tags)
        if not any(special.is_open_comment for special in specials.values()):
            return _joined(parts, tags, specials)
    parts = _TAG.split(_without_comments(data))
    tags = parts[1::2]
    return _joined(parts, tags, _set_marks(parts, tags))


def _set_marks(parts: list[bytes], tags: list[bytes]) -> dict[int, Special]:
    """Replace the `tags` in `parts`, which alternate with texts, by their marks; returns the special ones by place."""
    marks = list(map(_MARKS.__getitem__, tags))
    specials = {place: _MARKS.special(tags[place]) for place in _places(SPECIAL, marks)}
    for place, special in specials.items():
        marks[place] = special.opening
    parts[1::2] = marks
    _MARKS.trim()
    return specials


def _places(wanted: bytes, within: list[bytes]) -> Iterator[int]:
    """The places of `wanted`, found several times as fast as by a loop over all."""
    place = -1
    with contextlib.suppress(ValueError):
        while True:
            place = within.index(wanted, place + 1)
            yield place


def _without_comments(source: bytes) -> bytes:
    """`source` without its comments. One that is not closed, or not before its script is, does not count."""
    kept, position, begin, end, script_end = [], 0, source.find(b"<!--"), -1, -1
    while begin >= 0:
        if end < begin + 2 and (end := source.find(b"-->", begin + 2)) < 0:
            break
        if script_end < begin:
            match = _SCRIPT_END.search(source, begin)
            script_end = match.start() if match else len(source)
        if script_end < end:
            begin = source.find(b"<!--", script_end)
        else:
            kept.append(source[position:begin])
            position = end + len(b"-->")
            begin = source.find(b"<!--", position)
    return _as_one([*kept, source[position:]])


def _joined(parts: list[bytes], tags: list[bytes], specials: dict[int, Special]) -> bytes:
    """Alternating texts and marks as one, after the effects of the `specials` at their closing tags."""
    closings = _Closings(tags)
    hidden_until = -1
    for place, special in specials.items():
        if place <= hidden_until or special.is_open_comment:
            continue
        close = closings.of(place, special.name)
        if close is None:
            continue
        is_end_tag = tag_name(tags[close]) == b"/" + special.name
        if special.closing is not None:
            if is_end_tag:
                parts[2 * close + 1] = special.closing
        elif not special.only_text or close == place + 1:
            begin, end = 2 * place + 1, 2 * close + (2 if is_end_tag else 1)
            parts[begin:end] = [special.instead, *[b""] * (end - begin - 1)]
            hidden_until = close if is_end_tag else close - 1
    return _as_one(parts)


def _as_one(parts: list[bytes]) -> bytes:
    """The `parts` joined, some at a time: while it joins, Python takes 80 bytes for each."""
    return b"".join(b"".join(parts[begin : begin + _JOINED]) for begin in range(0, len(parts), _JOINED))


class _Closings:
    """Finds the closing tag of another.

    An unclosed tag has none, since otherwise everything after it would be affected.
    """

    def __init__(self, tags: list[bytes]) -> None:
        self._tags = tags
        self._steps: dict[bytes, _Steps] = {}
        self._closings: dict[bytes, dict[int, int]] = {}

    def of(self, place: int, name: bytes) -> int | None:
        """The position of the tag that closes the element `name` opened at `place`; None if there is none."""
        if self._tags[place + 1 : place + 2] == [b"/" + name]:  # nearly always
            return place + 1
        if name in self._closings:
            return self._closings[name].get(place)
        steps = self._steps.setdefault(name, _Steps(name))
        depth = 1
        for at in range(place + 1, min(len(self._tags), place + _NEAR_TAGS)):
            depth += steps[self._tags[at]]
            if not depth:
                return at
        self._closings[name] = self._all(steps)
        return self._closings[name].get(place)

    def _all(self, steps: _Steps) -> dict[int, int]:
        closings: dict[int, int] = {}
        opened: list[int] = []
        for place, tag in enumerate(self._tags):
            step = steps[tag]
            if step < 0 and opened:
                closings[opened.pop()] = place
            if step and steps.opens(tag):
                opened.append(place)
        return closings


class _Steps(dict[bytes, int]):
    """Tag -> 1 if it opens an element of a name, -1 if it closes one, otherwise 0.

    A paragraph needs no end tag: the next block closes it too, and so does the end of the block it is in.
    """

    def __init__(self, name: bytes) -> None:
        super().__init__()
        self._name = name

    def __missing__(self, tag: bytes) -> int:
        name = tag_name(tag)
        step = 0
        if self._name == b"p":
            step = -1 if name in _ENDS_OF_PARAGRAPHS else 0
        elif name.removeprefix(b"/") == self._name and not tag.endswith(b"/"):
            step = -1 if name.startswith(b"/") else 1
        self[tag] = step
        return step

    def opens(self, tag: bytes) -> bool:
        """Whether `tag` begins an element of the name."""
        return tag_name(tag) == self._name


def _folded(flat: bytes) -> bytes:
    """`flat` with white space as spaces, so that a line end can be a mark; inside ``<pre>`` as separate marks."""
    first, *others = flat.split(PRE)
    folded = [first.translate(_FOLD)]
    for other in others:
        inside, _, outside = other.partition(PRE_END)
        folded += [inside.replace(b"\r\n", b"\n").translate(_FOLD_PRE), outside.translate(_FOLD)]
    return _as_one(folded).replace(PRE_END, b"")


def _with_blanks(text: bytes) -> bytes:
    """`text` with a normal space for each kind of space, and without characters of no width."""
    if not text.isascii():
        beyond_ascii = text.translate(None, _ASCII)  # short, so that searching for each costs next to nothing
        for blank, instead in _BLANK_BYTES.items():
            if blank in beyond_ascii:
                text = text.replace(blank, instead)
    return text.replace(b"&nbsp;", b" ").replace(b"&#160;", b" ")  # nine of ten references


class _Characters(dict[bytes, bytes]):
    """Character reference -> its character; a space for a control character, as text must not contain marks."""

    def __missing__(self, reference: bytes) -> bytes:
        character = html.unescape(reference.decode())
        if character in _INVISIBLE:
            character = ""
        elif character.isspace() or character < " ":
            character = " "
        self[reference] = encoded = character.encode()
        return encoded


def _unescaped(text: bytes) -> bytes:
    parts = _REFERENCE.split(text)
    parts[1::2] = map(_Characters().__getitem__, parts[1::2])
    return _as_one(parts)


def _with_raised_words(text: bytes) -> bytes:
    """`text` with a space next to raised words that are not part of their neighbour, and without the marks."""
    while _LOWERED_MARK + _RAISED_MARK in text:
        text = text.replace(_LOWERED_MARK + _RAISED_MARK, b"")
    return _RAISED_TEXT.sub(_raised, text).replace(_LOWERED_MARK, b"")


def _raised(match: re.Match[bytes]) -> bytes:
    """The raised words with the spaces they need. ``10th``, ``m2`` and ``McGraw`` are whole, ``sales1`` is not."""
    raised, (begin, end) = match[1].decode(), match.span()
    word = raised.strip()
    if not word:
        return match[1]
    # A character has at most four bytes; of one that is cut, the rest is ignored.
    text_before = match.string[max(0, begin - 4 * _NEAR_CHARS) : begin].decode(errors="ignore")
    before, after = text_before[-1:], match.string[end : end + 4].decode(errors="ignore")[:1]
    folded = word.lower()
    is_part = before.isdigit() and folded in _ORDINALS
    is_part = is_part or (folded in {"2", "3"} and is_unit(text_before[-_NEAR_CHARS:]))
    is_inside = word.isalpha() and before.isalpha() and after.isalpha() and folded not in _TRADE_MARKS
    if is_inside:
        return match[1]
    left = b" " if raised[0].isalnum() and not is_part and before > " " and before not in _OPENING else b""
    right = b" " if raised[-1].isalnum() and after.isalnum() else b""
    return left + match[1] + right


def _in_rows(text: bytes) -> bytes:
    """`text` with a line end, or a tab within a row, for each run of marks, so that there is nothing empty.

    The lines of a cell are joined; those of a row with one cell, which is not a table or only a page layout, are kept.
    All this is splitting, stripping and joining, which take a third of the time of a regular expression.
    """
    rows = [
        row.replace(_LINE_MARK, b" ") if _CELL_MARK in row else row for row in _stripped(text.split(_ROW_MARK), _BLANKS)
    ]
    in_cells = b"\t".join(_stripped(_ROW_MARK.join(rows).split(_CELL_MARK)))
    in_lines = b"\n".join(_stripped(in_cells.replace(_ROW_MARK, _LINE_MARK).split(_LINE_MARK)))
    return b" ".join(_stripped(in_lines.split(b"  ")))


def _stripped(pieces: list[bytes], blanks: bytes = b" ") -> Iterable[bytes]:
    """The `pieces` without the `blanks` at their ends; empty ones are left out."""
    return filter(None, map(bytes.strip, filter(None, pieces), repeat(blanks)))
