"""The leaves of a query tree, each parsed by the rules of its field."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from datetime import date, timedelta

from archiver.errors import IdentifierError, QueryError, UsageError
from archiver.identifiers import AccessionNumber, parse_date
from archiver.selection.names import significant_words, without_apostrophes
from archiver.startup.patterns import lazy_pattern
from archiver.words import fold, words
from indexer.entries import exact
from indexer.fields import BY_NAME, Field, has_wildcards
from indexer.query.nodes import (
    All,
    AnyOf,
    DateSpan,
    Fuzzy,
    InSection,
    NameWords,
    Near,
    Node,
    Pattern,
    Phrase,
    Stem,
    Value,
    Word,
    WordLike,
)
from indexer.sections.forms import SECTION_NAMES, keys_of_name

MAX_STARS = 3
"""Maximum number of ``*`` in a pattern."""

MIN_PREFIX = 2
"""Minimum letters and digits before the first ``*`` of a pattern by itself."""

FIRST_DATE, LAST_DATE = date(1, 1, 1), date(9999, 12, 31)

PATTERN_WORD = lazy_pattern(r"(?:[^\W_]|[*?])+")
"""A word that may be a pattern."""

PHRASE_WORD = lazy_pattern(r"(?:[^\W_]|\*)+")
"""The same inside quotes and in a filter, where ``?`` is punctuation."""

_SEVERAL = lazy_pattern(r"[,;]|\s(?:OR|AND)\s", re.IGNORECASE)
"""What stands between several values in the place of one."""
_STARS = lazy_pattern(r"\*+")
_YEARS = lazy_pattern(r"([0-9]{4})[-\u2013]([0-9]{4})")
_ACCESSION = lazy_pattern(r"([0-9]{10}-[0-9]{2}-[0-9]{6}|[0-9]{18})(?:\.txt|-index(?:-headers)?\.html?)?")
_ACCESSION_IN_ADDRESS = lazy_pattern(r"(?<![0-9])([0-9]{10}-[0-9]{2}-[0-9]{6}|[0-9]{18})(?![0-9])")
_ADDRESS = lazy_pattern(r"(?:https?://)?(?:www\.)?sec\.gov/", re.IGNORECASE)
_DATE = lazy_pattern(r"([0-9]{4})(?:-?([0-9]{2})(?:-?([0-9]{2}))?)?")


def join_all(parts: Iterable[Node | None]) -> Node | None:
    """All of `parts` that are not None, as one node; None if there are none."""
    present = tuple(part for part in parts if part is not None)
    return All(present) if len(present) > 1 else next(iter(present), None)


def join_any(parts: Iterable[Node | None]) -> Node | None:
    """Any of `parts` that are not None, as one node; None if there are none."""
    present = tuple(part for part in parts if part is not None)
    return AnyOf(present) if len(present) > 1 else next(iter(present), None)


def text_leaf(
    field: str, raw: str, *, cut: re.Pattern[str], near: int | None, stem: bool, at: int
) -> WordLike | Phrase | Near | None:
    """The leaf for a typed word or phrase, split into words by `cut`; `near` is the distance of a near phrase.

    None if it has no word. Raises `QueryError` for a pattern that would match too much, and for one that stands for a
    whole word between others; `at` is the position.
    """
    found = cut.findall(fold(raw))
    kept = [word for word in found if word.strip("*?")]
    parts = tuple(word_leaf(field, word, at, stem=stem) for word in kept)
    if not parts and any(found):
        raise QueryError(f"the pattern at position {at + 1} matches every word", "add letters or digits", at)
    if len(parts) < 2:  # noqa: PLR2004 — one is not a phrase
        if parts and "*" in kept[0][:MIN_PREFIX]:
            raise QueryError(
                f"the pattern {kept[0]!r} at position {at + 1} has fewer than {MIN_PREFIX} letters or digits before *",
                "make it longer",
                at,
            )
        return parts[0] if parts else None
    if near is not None:
        return Near(field, parts, near)
    shape = "".join("x" if word.strip("*?") else "*" for word in found)
    if "x*" in shape.rstrip("*"):
        raise QueryError(
            f"a * or ? by itself stands between words at position {at + 1}",
            "for any word there, write board PRE/1 directors instead",
            at,
        )
    return Phrase(field, parts)


def word_leaf(field: str, word: str, at: int, *, stem: bool = False) -> WordLike:
    """A folded word of running text or of a name, which may contain ``*`` and ``?``.

    Raises `QueryError` if it begins with one of them or has more than `MAX_STARS`.
    """
    if not has_wildcards(word):
        return Stem(field, word) if stem and word.isascii() and word.isalpha() else Word(field, word)
    word = _STARS.sub("*", word)
    if word.count("*") > MAX_STARS:
        raise QueryError(f"the pattern {word!r} at position {at + 1} has more than {MAX_STARS} *", "use fewer", at)
    if word[0] in "*?":
        raise QueryError(
            f"the pattern {word!r} at position {at + 1} begins with {word[0]}: every indexed word would be tried",
            "begin it with a letter or digit",
            at,
        )
    return Pattern(field, word)


def fuzzy_leaf(field: str, raw: str, edits: int, at: int) -> Fuzzy:
    """A word of text or of a name with `edits` allowed edits. Raises `QueryError` for anything else."""
    found = words(without_apostrophes(raw) if BY_NAME[field].kind == "names" else raw)
    if BY_NAME[field].kind not in {"text", "names"} or len(found) != 1:
        raise QueryError(f"~ at position {at + 1} does not follow a single word of text or a name", "remove it", at)
    return Fuzzy(field, found[0], edits)


def value_leaf(field: Field, raw: str, cut: re.Pattern[str] = PHRASE_WORD) -> Node:
    """The leaf for a typed value of a field other than running text. Raises `UsageError` for an invalid value."""
    match field.kind:
        case "names":
            return _name_words(field.name, raw, cut)
        case "sections":
            name = " ".join(raw.split())
            name = name.lower() if name.lower() in SECTION_NAMES else name.upper()
            return InSection(name, keys_of_name(raw))
        case "date":
            return DateSpan(field.name, *date_span(raw))
        case _:
            return _whole_value(field, raw)


def accession_in(raw: str, at: int) -> str | None:
    """The accession number in `raw`, itself one or a sec.gov address; None for other text.

    Raises `QueryError` for an address without one.
    """
    if not _ADDRESS.match(raw):
        return AccessionNumber(found[1]) if (found := _ACCESSION.fullmatch(raw)) else None
    named = _ACCESSION_IN_ADDRESS.findall(raw)
    if not named:
        raise QueryError(f"the address at position {at + 1} names no filing", "search by cik:, form: or words", at)
    return AccessionNumber(named[-1])


def date_span(raw: str) -> tuple[date, date]:
    """The first and last day of `raw`.

    It is a day, month or year (``2004-12-22``, ``20041222``, ``2004-12``, ``2004``), a range (``2015-2021``,
    ``2015-06..2016``), or a comparison (``>=2015``, ``<2016-07``). Raises `IdentifierError`.
    """
    text = raw.strip()
    if years := _YEARS.fullmatch(text):
        first, last = _one_date(years[1])[0], _one_date(years[2])[1]
    elif ".." in text:
        start, _, end = text.partition("..")
        first = _one_date(start)[0] if start else FIRST_DATE
        last = _one_date(end)[1] if end else LAST_DATE
    elif text[:1] in ("<", ">"):
        sign = text[: 2 if text[1:2] == "=" else 1]
        earliest, latest = _one_date(text[len(sign) :])
        one_day = timedelta(days=1)
        first = {">": latest + one_day, ">=": earliest}.get(sign, FIRST_DATE)
        last = {"<": earliest - one_day, "<=": latest}.get(sign, LAST_DATE)
    else:
        return _one_date(text)
    if first > last:
        raise IdentifierError(f"{raw[:40]!r} ends before it begins", "swap its ends")
    return first, last


def _one_date(raw: str) -> tuple[date, date]:
    match = _DATE.fullmatch(raw.strip())
    if match is None:
        raise IdentifierError(f"{raw[:40]!r} is not a date", "write it like 2004, 2004-12 or 2004-12-31")
    year, month, day = match.groups()
    if day:
        only = parse_date(f"{year}-{month}-{day}")
        return only, only
    first = parse_date(f"{year}-{month or '01'}-01")
    last_month = int(month or 12)
    return first, date(first.year, last_month, calendar.monthrange(first.year, last_month)[1])


def _name_words(field: str, raw: str, cut: re.Pattern[str]) -> NameWords:
    found = cut.findall(fold(without_apostrophes(raw)))
    wanted = significant_words([word for word in found if word.strip("*?")])
    if not wanted:
        raise UsageError(f"{raw[:40]!r} has no word of a name", "give one or more words of the name")
    return NameWords(tuple(word_leaf(field, word, 0).text for word in wanted), field)


def _whole_value(field: Field, raw: str) -> Node:
    if _SEVERAL.search(raw) and not field.may_have_commas:
        raise UsageError(f"{raw[:40]!r} is not one {field.label}", "give each value by itself, without commas or OR")
    if not raw.strip():
        raise UsageError(f"an empty {field.name} finds nothing", f"give a {field.name}, or leave it out")
    if field.normalize is not None:
        raw = field.normalize(raw)
    value = _STARS.sub("*", exact(raw))
    if not has_wildcards(raw):
        whole = Value(field.name, value)
        has_parts = field.name == "type" and value.startswith("ex-") and "." not in value
        return AnyOf((whole, Pattern(field.name, f"{value}.*"))) if has_parts else whole
    if value.count("*") > MAX_STARS:
        raise UsageError(f"{raw[:40]!r} has more than {MAX_STARS} *", "use fewer")
    return Pattern(field.name, value)
