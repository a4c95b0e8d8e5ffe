"""The items of forms, the parts they are in, their titles, and common names for them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from archiver.errors import UsageError
from archiver.startup.patterns import lazy_pattern
from indexer.sections.model import Key, Section

Family = Literal["10-K", "10-KSB", "10-Q", "8-K"]

RANKS = ("", "I", "II", "III", "IV")

PARTS: Mapping[Family, Mapping[int, tuple[str, ...]]] = {
    "10-K": {
        **dict.fromkeys(range(1, 5), ("I",)),
        **dict.fromkeys(range(5, 10), ("II",)),
        **dict.fromkeys(range(10, 14), ("III",)),
        14: ("III", "IV"),
        **dict.fromkeys((15, 16), ("IV",)),
    },
    "10-KSB": {
        **dict.fromkeys(range(1, 5), ("I",)),
        **dict.fromkeys(range(5, 9), ("II",)),
        **dict.fromkeys(range(9, 15), ("III",)),
    },
    "10-Q": {**dict.fromkeys(range(1, 5), ("I", "II")), **dict.fromkeys(range(5, 7), ("II",))},
    "8-K": dict.fromkeys(range(1, 13), ()),
}
"""The numbered items of each form and the parts they may stand in (SEC Forms 10-K, 10-KSB, 10-Q and 8-K).

Item 14 of a 10-K was the exhibits of part IV until 2003, and is the accountant's fees of part III since.
"""

_TITLES_10K = {
    "1": "business|company|description of|general",
    "1A": "risk",
    "1B": "unresolved|staff",
    "1C": "cyber",
    "1D": "executive officers|information about",
    "2": "propert",
    "3": "legal|litigation",
    "4": "submission|matters|mine|removed|reserved",
    "4A": "executive officers",
    "5": "market",
    "6": "selected|reserved|removed|financial data",
    "7": "management|plan of|discussion",
    "7A": "quantitative|qualitative|market risk|disclosures? about",
    "8": "financial|consolidated|statements",
    "9": "changes|disagreement",
    "9A": "controls|disclosure controls",
    "9B": "other",
    "9C": "foreign|disclosures? regarding",
    "10": "directors",
    "11": "executive|compensation|management remun",
    "12": "security own|beneficial|ownership",
    "13": "certain|relationships|transactions",
    "14": "exhibits|principal acc|accountant|controls|financial statement schedules",
    "15": "exhibit|financial statement|principal acc",
    "16": "form 10-?k|summary",
}
_TITLES_10KSB = {
    "1": "business|description|company",
    "2": "propert|description",
    "3": "legal|litigation",
    "4": "submission|matters|removed|reserved",
    "5": "market",
    "6": "management|plan of|discussion",
    "7": "financial|consolidated",
    "8": "changes?|disagreement",
    "8A": "controls",
    "8B": "other",
    "9": "directors",
    "10": "executive|compensation",
    "11": "security own|beneficial",
    "12": "certain|relationships",
    "13": "exhibits|reports",
    "14": "principal acc|accountant|controls",
}
_TITLES_10Q = {
    "I 1": "financial|condensed|consolidated",
    "I 2": "management|plan of|discussion",
    "I 3": "quantitative|qualitative|controls|market risk",
    "I 4": "controls",
    "II 1": "legal|litigation",
    "II 1A": "risk",
    "II 2": "changes|unregistered|issuer|purchases|use of|repurchase|recent sales|sales? of",
    "II 3": "default",
    "II 4": "submission|mine|removed|reserved|matters",
    "II 5": "other(?! events)",
    "II 6": "exhibit",
}
_TITLES_8K = {
    "1.01": "entry|material|amendment",
    "1.02": "termination",
    "1.03": "bankruptcy",
    "1.04": "mine",
    "1.05": "cyber|material",
    "2.01": "completion|acqui|disposition",
    "2.02": "results",
    "2.03": "creation",
    "2.04": "triggering",
    "2.05": "costs?",
    "2.06": "material",
    "3.01": "notice",
    "3.02": "unregistered",
    "3.03": "material",
    "4.01": "changes?",
    "4.02": "non",
    "5.01": "changes?",
    "5.02": "departure|election|appointment|compensat",
    "5.03": "amendments?|change",
    "5.04": "temporary",
    "5.05": "amendments?|code|waiver",
    "5.06": "change",
    "5.07": "submission",
    "5.08": "shareholder",
    "6.01": "abs",
    "6.02": "change",
    "6.03": "change",
    "6.04": "failure",
    "6.05": "securities",
    "6.06": "static",
    "7.01": "regulation",
    "8.01": "other",
    "9.01": "financial|exhibits?",
    "1": "changes?",
    "2": "acqui|disposition",
    "3": "bankruptcy",
    "4": "changes?",
    "5": "other",
    "6": "resignation",
    "7": r"financial(?!\s+condition)|exhibits?",
    "8": "change",
    "9": "regulation|sales?|other",
    "10": "amendments?",
    "11": "temporary",
    "12": "results|disclosure",
}
_TITLES: Mapping[Family, Mapping[str, str]] = {
    "10-K": _TITLES_10K,
    "10-KSB": _TITLES_10KSB,
    "10-Q": _TITLES_10Q,
    "8-K": _TITLES_8K,
}
TITLES: Mapping[Family, Mapping[str, re.Pattern[str]]] = {
    family: {item: lazy_pattern(rf"\b(?:{words})", re.IGNORECASE) for item, words in titles.items()}
    for family, titles in _TITLES.items()
}
"""The beginning or an early word of an item's title, in the wording of any year; in a 10-Q by part and item."""

_FORM = lazy_pattern(r"(10-?K(?:T?SB)|10-?KT?|10-?Q|8-?K)", re.IGNORECASE)
_NAMED: Mapping[str, Mapping[Family, tuple[str, ...]]] = {
    "business": {"10-K": ("1",), "10-KSB": ("1",)},
    "risk-factors": {"10-K": ("1A",), "10-KSB": ("1A",), "10-Q": ("II 1A",)},
    "legal-proceedings": {"10-K": ("3",), "10-KSB": ("3",), "10-Q": ("II 1",)},
    "mda": {"10-K": ("7",), "10-KSB": ("6",), "10-Q": ("I 2",)},
    "market-risk": {"10-K": ("7A",), "10-Q": ("I 3",)},
    "financial-statements": {"10-K": ("8",), "10-KSB": ("7",), "10-Q": ("I 1",)},
    "controls": {"10-K": ("9A", "14"), "10-KSB": ("8A", "14"), "10-Q": ("I 4", "I 3")},
}
"""The items that a name means; where a form had it in the past, under a heading that says so, comes next."""

CONTROLS_KEY = "CONTROLS"
"""The item in the key of a section on controls that has not the number it has in the form today."""
SECTION_NAMES = tuple(_NAMED)
_NUMBER = lazy_pattern(
    r"""(?:PART\s+)?(?:(?P<part>IV|I{1,3})[\s,./-]+)?(?:ITEM\s*)?
        (?P<item>(?:1[0-6]|[1-9])(?:\.(?:0[1-9]|10)|[A-D])?)(?:\(?T\)?)?\.?""",
    re.IGNORECASE | re.VERBOSE,
)
_HEADING = lazy_pattern(
    r"((?:part\s+[iv]+[\s,.]+)?item\s*[0-9]{1,2}(?:\.[0-9]{2})?[a-d]?)[.:\s]+[a-z]{2}.*", re.IGNORECASE | re.DOTALL
)
"""A heading as a report has it: ``Item 1A. Risk Factors``."""
_PART = lazy_pattern(r"\s*(?:part\s+)?(?:iv|i{1,3})\s*", re.IGNORECASE)
_FURTHER = lazy_pattern(
    r"(?:[;,/&–—-]|\band)\s{0,3}(?:and\s{1,3})?ITEM\s{1,3}(?P<item>(?:1[0-6]|[1-9])(?:\.(?:0[1-9]|10)|[A-D])?)(?!\w)"
    r"[\s.:,–—-]{1,9}",
    re.IGNORECASE,
)
_MAX_TITLE_CHARS = 200
_EXHIBITS = lazy_pattern(r"exhibits|financial statement schedules", re.IGNORECASE)
"""The title of item 14 while it was in part IV of a 10-K."""
_CONTROLS = lazy_pattern(r"\bcontrols\b", re.IGNORECASE)


def family_of(form: str) -> Family | None:
    """The form whose items a document's type uses: for ``10-K405/A`` it is ``10-K``. None for any other."""
    known = _FORM.match(form)
    if known is None:
        return None
    name = known[1].upper().replace("-", "")
    return "8-K" if name == "8K" else "10-Q" if name == "10Q" else "10-KSB" if name.endswith("SB") else "10-K"


def part_of(family: Family, item: str, title: str, parts: Sequence[str], *, stated: str, last: Key) -> tuple[str, bool]:
    """The part of an item, ``""`` if the form has none, and whether its title is the one of the form.

    Of several possible parts it is the one that the title shows, else the `stated` one, else the first one after the
    `last` part that has the item.
    """
    bare = item.removesuffix("(T)").removesuffix("T")
    titles = TITLES[family]
    if family != "10-Q":
        fits = bare in titles and titles[bare].search(title) is not None
        if stated not in parts and parts:
            stated = parts[-1] if _EXHIBITS.search(title) else parts[0]
        return (stated if parts else ""), fits
    told = [part for part in parts if f"{part} {bare}" in titles and titles[f"{part} {bare}"].search(title)]
    if len(told) == 1:
        return told[0], True
    if bare == "1A":
        return "II", False
    if stated in parts:
        return stated, bool(told)
    rank, number, _ = last
    return ("II" if rank == RANKS.index("II") or number >= int(bare[0]) else parts[0]), bool(told)


def further_items(title: str, family: Family, part: str, item: str) -> list[str]:
    """The items after `item` that its title names with theirs: ``Results of Operations; Item 7.01 Regulation FD``."""
    named: list[str] = []
    last, end = _order(item), 0
    for found in _FURTHER.finditer(title):
        further = found["item"].upper()
        own = TITLES[family].get(f"{part} {further}" if family == "10-Q" else further)
        is_next = found.start() - end <= _MAX_TITLE_CHARS and _order(further) > last
        if not is_next or own is None or own.match(title, found.end()) is None:
            break
        named.append(further)
        last, end = _order(further), found.end()
    return named


def _order(item: str) -> tuple[int, str]:
    number = item.partition(".")[0].rstrip("ABCDT()")
    return int(number), item[len(number) :]


def find_section(found: Sequence[Section], name: str, *, form: str) -> Section | None:
    """The first of a document's sections that matches `name`; None if there is none.

    `name` is an item (``1A``, ``5.02``), a part and an item (``II 1A``) or one of `SECTION_NAMES`; `form` is the
    document's type. Raises `UsageError` for any other name.
    """
    return next((section for section in found if matches_section(section, name, form=form)), None)


def matches_section(section: Section, name: str, *, form: str) -> bool:
    """Whether `name` means this section of a document of type `form`.

    `name` is as in `find_section`; raises `UsageError` likewise.
    """
    items = {item.removesuffix("(T)").removesuffix("T") for item in (section.item, *section.also)}
    key = _as_key(name)
    if key in _NAMED:
        family = family_of(form)
        wanted = [place.rpartition(" ") for place in (_NAMED[key].get(family, ()) if family else ())]
        there = [item in items and part in ("", section.part) for part, _, item in wanted]
        return any(there) and (key != "controls" or there[0] or _CONTROLS.search(section.heading) is not None)
    part, item = _part_and_item(name)
    return item in items and part in ("", section.part)


def names_in(text: str) -> list[str]:
    """The names of sections in a list with commas; those after a part and in a heading belong to the name."""
    found: list[str] = []
    for piece in text.split(","):
        is_open = found and (_PART.fullmatch(found[-1]) or (_HEADING.fullmatch(found[-1]) and not _is_name(piece)))
        if is_open:
            found[-1] += f",{piece}"
        else:
            found.append(piece)
    return found


def _is_name(text: str) -> bool:
    text = text.strip()
    return _as_key(text) in _NAMED or any(one.fullmatch(text) for one in (_NUMBER, _HEADING, _PART))


def _part_and_item(name: str) -> tuple[str, str]:
    """The part, or an empty text, and the item of a typed name, which may be a heading. Raises `UsageError`."""
    heading = _HEADING.fullmatch(name.strip())
    number = _NUMBER.fullmatch(heading[1] if heading else name.strip())
    if number is None:
        hint = f"use an item such as 1A, 'II 1A' or 5.02, or one of: {', '.join(SECTION_NAMES)}"
        raise UsageError(f"{name!r} is not the name of a section", hint)
    return (number["part"] or "").upper(), number["item"].upper()


def _as_key(name: str) -> str:
    """A typed name in the spelling of `SECTION_NAMES`: ``Risk Factors``, ``risk_factors``, ``MD&A``."""
    return "-".join(name.lower().replace("_", " ").replace("md&a", "mda").split())


def section_keys(section: Section, *, form: str) -> tuple[str, ...]:
    """The indexed keys of a section of a document of type `form`: ``10-K 1A``, ``10-Q II 1A``, ``8-K 5.02``."""
    family = family_of(form)
    if family is None:
        return ()
    items = [item.removesuffix("(T)").removesuffix("T") for item in (section.item, *section.also)]
    keys = [_key(family, section.part or "", item) for item in items]
    if family in _NAMED["controls"] and matches_section(section, "controls", form=form):
        usual, other = _named_keys("controls", family)
        keys += () if usual in keys else (other,)
    return tuple(dict.fromkeys(keys))


def keys_of_name(name: str) -> tuple[str, ...]:
    """The keys that `name`, as in `find_section`, means in any form. Raises `UsageError` likewise."""
    named = _as_key(name)
    if named in _NAMED:
        keys = [key for family in _NAMED[named] for key in _named_keys(named, family)]
        return tuple(keys)
    part, item = _part_and_item(name)
    found: list[str] = []
    for family, parts in PARTS.items():
        if family == "8-K":
            found += [_key(family, "", item)] if not part and not item[-1].isalpha() else []
        elif "." not in item:
            possible = parts.get(int(item.rstrip("ABCD")), ())
            wanted = [one for one in possible if part in ("", one)]
            found += [_key(family, one, item) for one in wanted]
            found += [_key(family, "", item)] if wanted and not part else []
    return tuple(dict.fromkeys(found))


def _named_keys(name: str, family: Family) -> list[str]:
    """The keys of a name in a form; for ``controls`` the usual item's, and that of the others with such a heading."""
    places = [place.rpartition(" ") for place in _NAMED[name][family]]
    keys = [_key(family, part, item) for part, _, item in places]
    return [keys[0], f"{family} {CONTROLS_KEY}"] if name == "controls" else keys


def _key(family: Family, part: str, item: str) -> str:
    """In a 10-Q, both parts number their items alike; elsewhere the item is enough."""
    return f"{family} {part} {item}".replace("  ", " ") if family == "10-Q" else f"{family} {item}"
