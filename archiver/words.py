"""The definition of a word, for names in a selection, indexed texts and queries alike."""

from __future__ import annotations

import re
import unicodedata

from archiver.startup.patterns import lazy_pattern

_MAX_RUNS = 10_000
_BEYOND_ASCII = lazy_pattern(r"[^\x00-\x7f]+")
_WORD_BYTES = bytes(ord(chr(code).lower() if chr(code).isalnum() else " ") for code in range(128)) + bytes(
    range(128, 256)
)
"""Each byte of a UTF-8 text as part of a word: in lower case, or a space for anything but letters and digits."""

_WORD_MARKS = bytes(ord(" " if byte == ord(" ") else "x") for byte in _WORD_BYTES)
"""Each byte as ``x`` if it is part of a word, else a space."""

_ASCII = bytes(range(128))
_BLANKED = _ASCII + b" " * 128
"""Each byte of a text in UTF-8, with spaces for characters beyond ASCII."""
_MOST_REPLACED = 16
"""Letters beyond ASCII that are replaced in the whole text, one by one; a text with more is read run by run."""

_TRADE_MARKS = frozenset("™℠🅪🅫🅬")
"""Symbols that decompose to letters but are not words."""

APOSTROPHES = "\u02b9\u02ba\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u02ca\u02cb\u02ee"
"""Signs written for an apostrophe, such as that of Hawai\u02bbi, which Unicode counts as letters."""

_SEPARATORS = str.maketrans(dict.fromkeys(APOSTROPHES, " "))

_SUPERSCRIPTS = frozenset("⁰¹²³⁴⁵⁶⁷⁸⁹")
_POWER = lazy_pattern("(?<![⁰¹²³⁴⁵⁶⁷⁸⁹])[²³](?![⁰¹²³⁴⁵⁶⁷⁸⁹])")
_UNIT = lazy_pattern(r"(?:(?<![^\W_])(?:[kcmdnµμ]?m|ft|yd|CO|SO)|(?<![$£€¥\d.,])[\d.,]+[ ]?(?:[kcmdnµμ]?m|ft|yd))\Z")
_LONGEST_UNIT_CHARS = 16
"""A unit with the number before it; cutting a longer number affects only the currency sign before it."""


class _Pieces(dict[str, tuple[str, ...]]):
    """Run of non-ASCII characters -> the folded form of each, as separate strings."""

    def __missing__(self, run: str) -> tuple[str, ...]:
        pieces = tuple(
            _folded_character(character, before=run[place - 1 : place], after=run[place + 1 : place + 2])
            for place, character in enumerate(run)
        )
        if len(self) < _MAX_RUNS:
            self[run] = pieces
        return pieces


class _SeparatedRuns(dict[str, str]):
    """Run of non-ASCII characters -> its folded form, with a space for everything but letters and digits."""

    def __missing__(self, run: str) -> str:
        separated = "".join(c if c.isalnum() else " " for c in "".join(_PIECES[run]))
        if len(self) < _MAX_RUNS:
            self[run] = separated
        return separated


_PIECES = _Pieces()
_SEPARATED = _SeparatedRuns()


def _folded_character(character: str, *, before: str, after: str) -> str:
    """`character` without case, accent and compatibility form.

    Format characters, such as a soft hyphen or a bidirectional mark, are not part of a word. A symbol or number that
    decomposes to letters or digits is a word of its own (``½`` is ``1 2``), and so are consecutive raised digits of a
    footnote; trademark signs are not words. Lowered digits of a formula belong to it (``CO₂``).
    """
    category = unicodedata.category(character)
    if category == "Cf":
        return ""
    if character in _TRADE_MARKS:
        return " "
    decomposed = unicodedata.normalize("NFKD", character)
    folded = "".join(c for c in decomposed if not unicodedata.combining(c)).casefold().lower().translate(_SEPARATORS)
    if character in _SUPERSCRIPTS:
        return ("" if before in _SUPERSCRIPTS else " ") + folded + ("" if after in _SUPERSCRIPTS else " ")
    is_apart = category in {"No", "Nl", "So"} and not unicodedata.decomposition(character).startswith("<sub>")
    return f" {folded} " if is_apart and folded != character else folded


def fold(text: str) -> str:
    """`text` with case, accents and compatibility forms folded, and invisible format characters removed."""
    if text.isascii():
        return text.lower()
    return _BEYOND_ASCII.sub(lambda run: "".join(_PIECES[run.group()]), _with_powers(text)).lower()


def words(text: str) -> list[str]:
    """The words of `text` in order: folded runs of letters and digits, separated by everything else.

    This is the only definition of a word, for names in a selection, indexed texts and queries: ``AT&T`` is ``at t``,
    ``1,234.56`` is ``1 234 56``, ``registrant's`` is ``registrant s``, ``10½`` is ``10 1 2``, ``Lamp™`` is ``lamp``,
    ``1,234³`` is ``1 234 3`` and ``5 m²`` is ``5 m2``.
    """
    return [word.decode() for word in encoded_words(text)]


def encoded_words(text: str) -> list[bytes]:
    """The `words` of `text` in UTF-8, as in an index.

    Most of a filing is ASCII, so only other characters are folded; the rest is one pass over bytes.
    """
    return spaced_words(text).split()


def spaced_words(text: str) -> bytes:
    """The `words` of `text` in UTF-8, with one or more spaces between them, for what splits at spaces itself."""
    return _encoded(text).translate(_WORD_BYTES)


def count_words(text: str) -> int:
    """The number of `words` of `text`, counted where they begin, in half the time of making them."""
    return (b" " + _encoded(text).translate(_WORD_MARKS)).count(b" x")


def _encoded(text: str) -> bytes:
    """`text` in UTF-8, with all that is not ASCII folded, and spaces for everything that is not part of a word.

    Most filings have a few signs beyond ASCII and fewer letters; finding each by a pattern would take most of the time.
    """
    if text.isascii():
        return text.encode()
    text = _with_powers(text)
    raw = text.encode(errors="surrogatepass")
    beyond = set(raw.translate(None, _ASCII).decode(errors="surrogatepass"))
    folded = {character: piece for character in beyond if (piece := _SEPARATED[character]) != " "}
    if len(folded) > _MOST_REPLACED or beyond & _SUPERSCRIPTS or not all(map(str.isascii, folded.values())):
        return _BEYOND_ASCII.sub(lambda run: _SEPARATED[run.group()], text).encode()
    if folded:
        for character, piece in folded.items():
            text = text.replace(character, piece)
        raw = text.encode(errors="surrogatepass")
    return raw.translate(_BLANKED)


def word_characters(run: str, *, before: str = "") -> list[str]:
    """What each character of `run`, non-ASCII characters that follow `before`, contributes to words.

    That is letters and digits, a space for a separator, or nothing for a character that is ignored.
    """
    powered = _with_powers(before + run)[len(before) :]
    found = list(powered)
    for part in _BEYOND_ASCII.finditer(powered):
        found[part.start() : part.end()] = [
            "".join(c if c.isalnum() else " " for c in piece) for piece in _PIECES[part.group()]
        ]
    return found


def is_unit(before: str) -> bool:
    """Whether `before` ends with a unit (``m``, ``5 ft``) or the ``CO`` of CO2, so that a raised 2 or 3 belongs to it.

    The ``m`` of an amount of money does not count: the digit after ``$5m`` is a footnote's.
    """
    return _UNIT.search(before[-_LONGEST_UNIT_CHARS:]) is not None


def _with_powers(text: str) -> str:
    """`text` with the powers of units (``m²``) as plain digits; other raised digits are footnotes."""
    return _POWER.sub(_power, text) if "²" in text or "³" in text else text


def _power(match: re.Match[str]) -> str:
    before = match.string[max(0, match.start() - _LONGEST_UNIT_CHARS) : match.start()]
    return ("2" if match[0] == "²" else "3") if is_unit(before) else match[0]
