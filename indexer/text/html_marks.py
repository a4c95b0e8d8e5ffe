"""The effect of each HTML tag on the text around it: a line end, a cell, a gap, or nothing.

A tag's name and its ``style`` decide (CSS 2.2). EDGAR accepts no style sheets, so nothing else matters. A mark is a
byte that never occurs in UTF-8 and so cannot be confused with text.
"""

from __future__ import annotations

import re
from functools import lru_cache

from archiver.dataclass import dataclass
from archiver.patterns import lazy_pattern

BLOCK, ROW, CELL = b" \xff ", b" \xfe ", b" \xfd "
RAISED, LOWERED_AGAIN = b"\xfc", b"\xfb"
PRE, PRE_END = b"\xfa", b"\xf9"
_NOTHING, _GAP = b"", b" "

MIN_GAP_PT = 1.5
"""A horizontal gap of this many points ends a word: half a space in 10-point type; kerning is smaller."""

_BLOCKS = (
    "address article aside blockquote body br caption center dd details dir div dl dt fieldset figcaption figure "
    "footer form frame h1 h2 h3 h4 h5 h6 head header hgroup hr html isindex legend li listing main menu nav ol "
    "optgroup option p page plaintext section select summary title ul xmp"
).split()
_ROWS = "table tbody tfoot thead tr".split()
_CELLS = "td th".split()
_REPLACED = "button canvas embed iframe img input object svg textarea video".split()

_MARKS = {
    **{slash + name: BLOCK for name in _BLOCKS for slash in ("", "/")},
    **{slash + name: ROW for name in _ROWS for slash in ("", "/")},
    **dict.fromkeys(_CELLS, CELL),
    **dict.fromkeys(_REPLACED, _GAP),
    "pre": BLOCK + PRE,
    "/pre": PRE_END + BLOCK,
    "sup": RAISED,
    "/sup": LOWERED_AGAIN,
}
"""Tag name, with ``/`` for a closing tag -> mark. Any other tag may be inside a word and has no mark."""
_MARK_OF_NAME = {name.encode(): mark for name, mark in _MARKS.items()}

_VOID = frozenset(name.encode() for name in "area base br col embed hr img input link meta wbr".split())
_UNSEEN = frozenset(name.encode() for name in "ix:header noframes script style template title".split())
_BLOCK_NAMES = frozenset(name.encode() for name in _BLOCKS)
_TABLE_NAMES = frozenset(name.encode() for name in (*_ROWS, *_CELLS, "caption"))

_USUAL_NAMES = frozenset(
    slash + name
    for name in (
        *_BLOCK_NAMES,
        *_TABLE_NAMES,
        *b"a b big em font i ix:nonfraction ix:nonnumeric s small span strong u".split(),
    )
    for slash in (b"", b"/")
)
_NAME = lazy_pattern(rb"/?[A-Za-z][A-Za-z0-9:._-]*+")
_STYLE = lazy_pattern(rb"""\sstyle\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"']++))""", re.IGNORECASE)
_HIDDEN_ATTRIBUTE = lazy_pattern(rb"""\shidden(?:\s*+=\s*+["']?(?:hidden)?["']?)?(?=[\s/]|\Z)""", re.IGNORECASE)
_LENGTH = lazy_pattern(r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(pt|px|pc|in|cm|mm|q|em|rem|ex|ch|%|)(?![\w%])")
_POINTS = {
    "pt": 1.0, "px": 0.75, "pc": 12.0, "in": 72.0, "cm": 72 / 2.54, "mm": 7.2 / 2.54, "q": 1.8 / 2.54,
    "em": 10.0, "rem": 12.0, "ex": 5.0, "ch": 5.0, "%": 6.0, "": 0.75,
}  # fmt: skip
"""Points per unit, for type of 10 points and, for percentages, a page of 600."""

_TELLING_BLOCKS = lazy_pattern(rb"[ai]y\s*+:|bility|size\s*+:\s*+[0.]", re.IGNORECASE)
_TELLING = lazy_pattern(rb"[ai]y\s*+:|bility|size\s*+:\s*+[0.]|cal-a|ition|float|padd|marg", re.IGNORECASE)
"""What may matter in the style of a block or table, and in that of any other tag; most styles have nothing of it."""

_MAX_STYLE_CHARS = 1_000
_SMALL_PT = 7.5
_SMALL_SIZES = frozenset({"smaller", "x-small", "xx-small"})
_INLINE_BLOCKS = frozenset({"inline-block", "inline-flex", "inline-table", "inline-grid"})
_BLOCK_DISPLAYS = frozenset({"block", "flex", "grid", "list-item", "table", "table-row", "flow-root"})


@dataclass(frozen=True, slots=True)
class Style:
    """The effect of an element's style on its words. Gaps are horizontal and at least `MIN_GAP_PT`.

    `has_width`: an inline block may be wider than its text.
    """

    display: str = ""
    is_invisible: bool = False
    is_tiny: bool = False
    is_raised: bool = False
    gap_before: bool = False
    gap_after: bool = False
    has_width: bool = False


@dataclass(frozen=True, slots=True)
class Special:
    """A tag whose closing tag matters too. `closing` is the mark of that one; None if everything in between is hidden.

    `instead` then replaces the hidden text. `only_text` is hidden only if there is no other tag inside.
    """

    name: bytes
    closing: bytes | None
    instead: bytes = _NOTHING
    only_text: bool = False


_KNOWN: dict[bytes, tuple[bytes, Special | None]] = {}
_MAX_KNOWN, _MAX_KNOWN_BYTES = 10_000, 120
"""Cache of tags from earlier documents, many of which recur. Longer tags contain numbers and do not recur."""


class Marks(dict[bytes, bytes]):
    """Tag without its brackets -> mark. Each is parsed once, since documents repeat a few tags.

    `specials` has the tags whose closing tag matters; `has_open_comment`: one of them begins a comment that continues
    after the next ``>``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.specials: dict[bytes, Special] = {}
        self.has_open_comment = False

    def __missing__(self, tag: bytes) -> bytes:
        known = _KNOWN.get(tag)
        if known is None:
            name = tag.partition(b" ")[0].lower()
            if name not in _USUAL_NAMES:
                name = tag_name(tag)
            mark = self._mark(tag, name) if name else self._mark_of_no_tag(tag)
            if name and len(tag) <= _MAX_KNOWN_BYTES:
                if len(_KNOWN) >= _MAX_KNOWN:
                    _KNOWN.clear()
                _KNOWN[tag] = mark, self.specials.get(tag)
        else:
            mark, special = known
            if special is not None:
                self.specials[tag] = special
        self[tag] = mark
        return mark

    def _mark_of_no_tag(self, tag: bytes) -> bytes:
        """Nothing for a comment, a document type and (as in HTML) ``</ p>``; anything else in brackets is text."""
        if not tag.startswith((b"!", b"?", b"/")):
            return b"<%b>" % tag
        if tag.startswith(b"!--") and not tag.endswith(b"--"):
            self.has_open_comment = True
        return _NOTHING

    def _mark(self, tag: bytes, name: bytes) -> bytes:
        mark = _MARK_OF_NAME.get(name, _NOTHING)
        if name in _UNSEEN:
            return self._hidden(tag, name, mark, Special(name, None))
        if b"=" not in tag and b"hidden" not in tag:
            return mark
        style = _style(tag)
        if style is None:
            is_hidden = b"hidden" in tag and _HIDDEN_ATTRIBUTE.search(tag)
            return self._hidden(tag, name, mark, Special(name, None)) if is_hidden else mark
        telling = _TELLING_BLOCKS if name in _BLOCK_NAMES or name in _TABLE_NAMES else _TELLING
        if telling.search(style) is None:
            return mark
        return self._styled(tag, name, mark, style_of(style))

    def _hidden(self, tag: bytes, name: bytes, mark: bytes, special: Special) -> bytes:
        if name in _VOID:
            return special.instead
        if not tag.endswith(b"/"):
            self.specials[tag] = special
        return mark

    def _styled(self, tag: bytes, name: bytes, mark: bytes, style: Style) -> bytes:
        if style.display == "none":
            return self._hidden(tag, name, mark, Special(name, None))
        if style.is_invisible:
            return self._hidden(tag, name, mark, Special(name, None, instead=_GAP))
        if style.is_tiny:
            return self._hidden(tag, name, mark, Special(name, None, only_text=True))
        if name in _TABLE_NAMES:
            return mark
        if name in _BLOCK_NAMES:
            return self._block(tag, name, mark, style)
        return self._inline(tag, name, mark, style)

    def _block(self, tag: bytes, name: bytes, mark: bytes, style: Style) -> bytes:
        if name in _VOID or (style.display != "inline" and style.display not in _INLINE_BLOCKS):
            return mark
        before, after = _gaps(style)
        self.specials[tag] = Special(name, after)
        return before

    def _inline(self, tag: bytes, name: bytes, mark: bytes, style: Style) -> bytes:
        if style.display in _BLOCK_DISPLAYS:
            before = after = BLOCK
        else:
            before, after = _gaps(style)
        if style.is_raised or name == b"sup":
            before, after = before + RAISED, LOWERED_AGAIN + after
        if name in _VOID or tag.endswith(b"/"):
            return mark or (_GAP if after == _GAP else before)
        if after and (after, name) != (LOWERED_AGAIN, b"sup"):
            self.specials[tag] = Special(name, after)
        return mark if name == b"pre" or mark == _GAP else before


def _gaps(style: Style) -> tuple[bytes, bytes]:
    after = style.gap_after or (style.has_width and style.display in _INLINE_BLOCKS)
    return _GAP if style.gap_before else _NOTHING, _GAP if after else _NOTHING


def _style(tag: bytes) -> bytes | None:
    """The value of the attribute ``style``; None if `tag` has none."""
    before, is_there, after = tag.partition(b' style="')
    if is_there and b"'" not in before and b'"' in after:
        return after.partition(b'"')[0]
    match = _STYLE.search(tag) if b"style" in tag.lower() else None
    return match[match.lastindex or 1] if match else None


def tag_name(tag: bytes) -> bytes:
    """The name in lower case, with ``/`` for a closing tag; empty for anything else, such as a comment."""
    match = _NAME.match(tag)
    return match[0].lower() if match else b""


@lru_cache(maxsize=4_096)
def style_of(source: bytes) -> Style:
    """The effect of the declarations in a ``style`` attribute. Unknown ones have none."""
    declared: dict[str, str] = {}
    for declaration in source[:_MAX_STYLE_CHARS].decode("latin-1").lower().split(";"):
        name, _, value = declaration.partition(":")
        declared[name.strip()] = value.replace("!important", "").strip()
    left, right = _sides(declared)
    return Style(
        display=declared.get("display", ""),
        is_invisible=declared.get("visibility") in {"hidden", "collapse"},
        is_tiny=(size := _length(declared.get("font-size", ""))) is not None and 0 <= size < 0.5,  # noqa: PLR2004 — points
        is_raised=_is_raised(declared),
        gap_before=left >= MIN_GAP_PT or "float" in declared or declared.get("position") == "absolute",
        gap_after=right >= MIN_GAP_PT or "float" in declared or declared.get("position") == "absolute",
        has_width=any((_length(declared.get(name, "")) or 0) >= MIN_GAP_PT for name in ("width", "min-width")),
    )


def _sides(declared: dict[str, str]) -> tuple[float, float]:
    """The points of margin and padding on the left and right."""
    left = right = 0.0
    for name in ("margin", "padding"):
        sides = declared.get(name, "").split()  # top, right, bottom, left; a missing value equals the opposite one
        all_left = sides[min(len(sides) - 1, 3 if len(sides) > 3 else 1)] if sides else ""  # noqa: PLR2004
        all_right = sides[min(len(sides) - 1, 1)] if sides else ""
        left += _length(declared.get(f"{name}-left", all_left)) or 0
        right += _length(declared.get(f"{name}-right", all_right)) or 0
    return left, right


def _is_raised(declared: dict[str, str]) -> bool:
    """Whether the words are raised above the line, like the mark of a footnote."""
    align = declared.get("vertical-align", "")
    if align == "super" or (_length(align) or 0) >= 1:
        return True
    if declared.get("position") == "relative" and (
        (_length(declared.get("top", "")) or 0) <= -1 or (_length(declared.get("bottom", "")) or 0) >= 1
    ):
        return True
    return align in {"top", "text-top"} and _is_small(declared.get("font-size", ""))


def _is_small(size: str) -> bool:
    if size.endswith("%"):
        return (_number(size) or 100) < 90  # noqa: PLR2004 — percent of the surrounding text
    if size.endswith("em"):
        return (_number(size) or 1) < 0.9  # noqa: PLR2004
    return size in _SMALL_SIZES or (_length(size) or 10) <= _SMALL_PT


def _number(value: str) -> float | None:
    match = _LENGTH.match(value)
    return float(match[1]) if match else None


def _length(value: str) -> float | None:
    """The points of a CSS length; None for anything else, such as ``auto``."""
    match = _LENGTH.match(value)
    return float(match[1]) * _POINTS[match[2]] if match else None
