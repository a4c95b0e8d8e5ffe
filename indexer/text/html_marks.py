"""The effect of each HTML tag on the text around it: a line end, a cell, a gap, or nothing.

A tag's name and its ``style`` decide (CSS 2.2). EDGAR accepts no style sheets, so nothing else matters. A mark is a
byte that never occurs in UTF-8 and so cannot be confused with text.
"""

from __future__ import annotations

import re
from functools import lru_cache

from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern

BLOCK, ROW, CELL = b"\xff", b"\xfe", b"\xfd"
RAISED, LOWERED_AGAIN = b"\xfc", b"\xfb"
PRE, PRE_END = b"\xfa", b"\xf9"
SPECIAL = b"\xf8"
"""The mark of a tag whose effect depends on the tags after it; `Marks.special` has it."""

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

_USUAL_MARKS = {
    slash + name: _MARK_OF_NAME.get(slash + name, _NOTHING)
    for name in (
        *_BLOCK_NAMES,
        *_TABLE_NAMES,
        *b"a b big em font i ix:nonfraction ix:nonnumeric s small span strong u".split(),
    )
    if name not in _UNSEEN
    for slash in (b"", b"/")
}
_XBRL_NAMES = frozenset({b"ix:nonFraction", b"ix:nonNumeric", b"ix:continuation", b"ix:footnote"})
"""Elements around words, the most frequent ones that are not remembered; their names are in this case in XML."""
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
    """A tag whose effect depends on the tags after it: `opening` is its own mark, unless all up to its end is hidden.

    `closing` is the mark of its closing tag; None if everything in between is hidden, and replaced by `instead`.
    `only_text` is hidden only if there is no other tag inside. `is_open_comment`: a comment begins here that continues
    after the next ``>``.
    """

    name: bytes
    opening: bytes
    closing: bytes | None = None
    instead: bytes = _NOTHING
    only_text: bool = False
    is_open_comment: bool = False


_MAX_KNOWN, _MAX_KNOWN_BYTES = 20_000, 500


class Marks(dict[bytes, bytes]):
    """Tag without its brackets -> mark, remembered for all documents, since filings repeat a few thousand tags.

    A tag of inline XBRL is not remembered, as it has an id of its own; nor is a very long one.
    """

    def __init__(self) -> None:
        super().__init__()
        self._specials: dict[bytes, Special] = {}

    def __missing__(self, tag: bytes) -> bytes:
        if tag.partition(b" ")[0] in _XBRL_NAMES and b"style" not in tag and b"hidden" not in tag:
            return _NOTHING
        lowered = tag.lower()
        name = lowered.partition(b" ")[0]
        mark = _USUAL_MARKS.get(name)
        if mark is None or b"style" in lowered or b"hidden" in lowered:
            effect = _effect(tag)
            mark = SPECIAL if isinstance(effect, Special) else effect
        if len(tag) <= _MAX_KNOWN_BYTES and not name.startswith(b"ix:"):
            self[tag] = mark
        return mark

    def special(self, tag: bytes) -> Special:
        """The effect of a tag whose mark is `SPECIAL`."""
        special = self._specials.get(tag)
        if special is None:
            effect = _effect(tag)
            if not isinstance(effect, Special):
                raise ValueError(f"{tag!r} has a mark")
            special = effect
            if len(tag) <= _MAX_KNOWN_BYTES:
                self._specials[tag] = special
        return special

    def trim(self) -> None:
        """Forget everything if it has become too much, as after a document in which every tag has an id."""
        if len(self) + len(self._specials) > _MAX_KNOWN:
            self.clear()
            self._specials.clear()


def _effect(tag: bytes) -> bytes | Special:
    """The mark of a tag, or its special effect."""
    name = tag_name(tag)
    if not name:
        return _effect_of_no_tag(tag)
    mark = _MARK_OF_NAME.get(name, _NOTHING)
    if name in _UNSEEN:
        return _hidden(tag, Special(name, mark))
    style = _style(tag)
    if style is None:
        is_hidden = b"hidden" in tag and _HIDDEN_ATTRIBUTE.search(tag)
        return _hidden(tag, Special(name, mark)) if is_hidden else mark
    telling = _TELLING_BLOCKS if name in _BLOCK_NAMES or name in _TABLE_NAMES else _TELLING
    if telling.search(style) is None:
        return mark
    return _styled(tag, name, mark, style_of(style[:_MAX_STYLE_CHARS]))


def _effect_of_no_tag(tag: bytes) -> bytes | Special:
    """Nothing for a comment, a document type and (as in HTML) ``</ p>``; anything else in brackets is text."""
    if not tag.startswith((b"!", b"?", b"/")):
        return b"<%b>" % tag
    if tag.startswith(b"!--") and not tag.endswith(b"--"):
        return Special(b"", _NOTHING, is_open_comment=True)
    return _NOTHING


def _hidden(tag: bytes, special: Special) -> bytes | Special:
    if special.name in _VOID:
        return special.instead
    return special.opening if tag.endswith(b"/") else special


def _styled(tag: bytes, name: bytes, mark: bytes, style: Style) -> bytes | Special:
    if style.display == "none":
        return _hidden(tag, Special(name, mark))
    if style.is_invisible:
        return _hidden(tag, Special(name, mark, instead=_GAP))
    if style.is_tiny:
        return _hidden(tag, Special(name, mark, only_text=True))
    if name in _TABLE_NAMES:
        return mark
    if name in _BLOCK_NAMES:
        return _block(name, mark, style)
    return _inline(tag, name, mark, style)


def _block(name: bytes, mark: bytes, style: Style) -> bytes | Special:
    if name in _VOID or (style.display != "inline" and style.display not in _INLINE_BLOCKS):
        return mark
    before, after = _gaps(style)
    return Special(name, before, after)


def _inline(tag: bytes, name: bytes, mark: bytes, style: Style) -> bytes | Special:
    if style.display in _BLOCK_DISPLAYS:
        before = after = BLOCK
    else:
        before, after = _gaps(style)
    if style.is_raised or name == b"sup":
        before, after = before + RAISED, LOWERED_AGAIN + after
    if name in _VOID or tag.endswith(b"/"):
        return mark or (_GAP if after == _GAP else before)
    opening = mark if name == b"pre" or mark == _GAP else before
    return Special(name, opening, after) if after and (after, name) != (LOWERED_AGAIN, b"sup") else opening


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
    for declaration in source.decode("latin-1").lower().split(";"):
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
        all_left = sides[min(len(sides) - 1, 3 if len(sides) > 3 else 1)] if sides else ""  # noqa: PLR2004 — places in the list
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
        return (_number(size) or 1) < 0.9  # noqa: PLR2004 — as above
    return size in _SMALL_SIZES or (_length(size) or 10) <= _SMALL_PT


def _number(value: str) -> float | None:
    match = _LENGTH.match(value)
    return float(match[1]) if match else None


def _length(value: str) -> float | None:
    """The points of a CSS length; None for anything else, such as ``auto``."""
    match = _LENGTH.match(value)
    return float(match[1]) * _POINTS[match[2]] if match else None
