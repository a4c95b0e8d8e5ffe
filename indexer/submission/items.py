"""The items of a submission as codes: ``5.02``, ``9.01``, before 2004-08-23 ``5``, of a Form D ``06b``.

EDGAR's served headers print an item's description, and choose it by the code alone: a Form 1-U with item 1 reads like
an old 8-K with item 1. So a description determines a code only together with form and filing date. The descriptions are
data: ``items.tsv`` beside this module.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib.resources import files

from archiver.identifiers import FormType
from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern
from archiver.words import words

_ITEM_WORD = lazy_pattern(r"^\s*items?\s*(?=[0-9])", re.IGNORECASE)
_HEADING = lazy_pattern(r"\s*item\s*([0-9]{1,2}(?:\.[0-9]{2})?)[.:\s]+[a-z].*", re.IGNORECASE | re.DOTALL)

RENUMBERED = date(2004, 8, 23)
"""The first day of the current numbering of Form 8-K (SEC release 33-8400)."""

_8K = "8-K family"
_8K_BEFORE = "8-K family (legacy)"


@dataclass(frozen=True, slots=True)
class ItemCodes:
    """The items as `codes`, and descriptions without a known code as `unknown`; no repetitions, EDGAR's order."""

    codes: tuple[str, ...]
    unknown: tuple[str, ...]


def item_codes(values: Iterable[str], *, form: FormType, filing_date: date | None) -> ItemCodes:
    """The codes of `values`, each a code or a description from a header. Blank values are ignored."""
    codes: dict[str, None] = {}
    unknown: dict[str, None] = {}
    for value in values:
        if text := value.removeprefix("<ITEMS>").strip():  # EDGAR prints a code without a description as its tag
            code = item_code(text, form=form, filing_date=filing_date)
            (unknown if code is None else codes)[code or text] = None
    return ItemCodes(tuple(codes), tuple(unknown))


def item_code(text: str, *, form: FormType, filing_date: date | None) -> str | None:
    """The code of `text`, a code or a description in any case; None if unknown."""
    table = _table()
    base = form.base.upper()
    if text in table.codes or text.replace(".", "", 1).isdecimal():
        return text
    description = _key(text)
    return (
        table.observed.get((base, description))
        or _code_of_8k(table, description, base=base, filing_date=filing_date)
        or table.unverified.get((base, description))
    )


def item_description(code: str, form: FormType) -> str | None:
    """EDGAR's description of an item of `form`; None for a code without one."""
    base = str(form.base.upper())
    families = (_8K, _8K_BEFORE) if base.startswith("8-K") else (base, _8K_BEFORE)
    descriptions = _table().descriptions
    return next((found for family in families if (found := descriptions.get((family, code)))), None)


def _code_of_8k(table: _Table, description: str, *, base: str, filing_date: date | None) -> str | None:
    """The code of a description according to Form 8-K, since EDGAR chooses descriptions by the code alone.

    Several descriptions are in both numberings, so only the date can tell. Form 1-U appeared in 2015 with codes of one
    digit, which read like the old numbering.
    """
    now = table.observed.get((_8K, description)) or table.unverified.get((_8K, description))
    before = table.observed.get((_8K_BEFORE, description))
    if now and before:
        if base != "1-U" and filing_date is None:
            return None
        return before if base == "1-U" or (filing_date and filing_date < RENUMBERED) else now
    return now or before


def items_as_text(codes: Iterable[str], *, is_derived: bool) -> str:
    """`codes` for people: ``5, 7 (from the headings)`` if the header left them blank."""
    return ", ".join(codes) + (" (from the headings)" if is_derived else "")


def without_item_word(typed: str) -> str:
    """A typed code without the words around it: ``Item 5.02`` and ``Item 5.02 Departure of Directors`` are ``5.02``."""
    heading = _HEADING.fullmatch(typed)
    return heading[1] if heading else _ITEM_WORD.sub("", typed)


def code_as_written(folded: str) -> str:
    """A folded code in EDGAR's spelling: ``06b`` and ``3C.1``; in capitals if it is not in the table."""
    return _table().spellings.get(folded, folded.upper())


@dataclass(frozen=True, slots=True)
class _Table:
    """Form and description -> code, separately for real headers and for manuals."""

    observed: dict[tuple[str, str], str]
    unverified: dict[tuple[str, str], str]
    codes: frozenset[str]
    descriptions: dict[tuple[str, str], str]
    spellings: dict[str, str]


@cache
def _table() -> _Table:
    observed: dict[tuple[str, str], str] = {}
    unverified: dict[tuple[str, str], str] = {}
    codes: set[str] = set()
    descriptions: dict[tuple[str, str], str] = {}
    text = (files("indexer.submission") / "items.tsv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        forms = row["form"] if row["form"] in (_8K, _8K_BEFORE) else row["form"].partition(",")[0]
        target = observed if row["status"].startswith("observed") else unverified
        target.setdefault((forms, _key(row["description"])), row["code"])
        codes.add(row["code"])
        descriptions.setdefault((forms, row["code"]), row["description"])
    spellings = {code.lower(): code for code in codes}
    return _Table(observed, unverified, frozenset(codes), descriptions, spellings)


def _key(description: str) -> str:
    """Case, spacing and punctuation are ignored: EDGAR writes ``Registrant.s`` and ``Registrant's``."""
    return " ".join(words(description))
