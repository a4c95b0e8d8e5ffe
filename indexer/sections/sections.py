"""Where the items of a report stand in its text: the sections of a 10-K, a 10-Q or an 8-K.

The forms number what a company must tell: items, in a 10-K and a 10-Q within parts. A line that begins with ``Item 7.``
may be the heading of such a section, an entry of the table of contents, or a reference to it in a sentence that was
broken there. A heading is told from the others by how it is written (`_is_heading`), by what stands around it
(`_without_contents`), and, where the form fixes the order of its items, by whether it fits in (`_in_order`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_PARTS_OF_ITEM: Mapping[str, Mapping[int, tuple[str, ...]]] = {
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
    "1": "business|company", "1A": "risk", "1B": "unresolved", "1C": "cybersecurity", "2": "propert", "3": "legal",
    "4": "submission|mine|removed|reserved", "5": "market", "6": "selected|reserved|removed", "7": "management|plan of",
    "7A": "quantitative|market risk", "8": "financial|consolidated", "9": "changes|disagreement", "9A": "controls",
    "9B": "other", "9C": "foreign", "10": "directors", "11": "executive comp", "12": "security own", "13": "certain",
    "14": "exhibits|principal account", "15": "exhibit", "16": "form 10-?k|summary",
}  # fmt: skip
_TITLES_10KSB = {
    "1": "business|description", "2": "propert|description", "3": "legal", "4": "submission", "5": "market",
    "6": "management|plan of", "7": "financial", "8": "changes?|disagreement", "8A": "controls", "8B": "other",
    "9": "directors", "10": "executive comp", "11": "security own", "12": "certain", "13": "exhibits",
    "14": "principal account|controls",
}  # fmt: skip
_TITLES_10Q = {
    "I 1": "financial|condensed|consolidated", "I 2": "management|plan of", "I 3": "quantitative|controls|market risk",
    "I 4": "controls", "II 1": "legal", "II 1A": "risk", "II 2": "changes|unregistered|issuer|purchases|use of",
    "II 3": "default", "II 4": "submission|mine|removed|reserved", "II 5": "other", "II 6": "exhibit",
}  # fmt: skip
_TITLES: Mapping[str, Mapping[str, re.Pattern[str]]] = {
    form: {item: re.compile(rf"\b(?:{words})", re.IGNORECASE) for item, words in titles.items()}
    for form, titles in {"10-K": _TITLES_10K, "10-KSB": _TITLES_10KSB, "10-Q": _TITLES_10Q, "8-K": {}}.items()
}
"""What the title of an item begins with or holds early, whichever year's wording it has; in a 10-Q by part and item."""

_FORM = re.compile(r"(10-?K(?:T?SB)|10-?KT?|10-?Q|8-?K)", re.IGNORECASE)

_LINE = re.compile(
    r"""^[^\S\n]*+(?:[*•·●○▪–—|-][^\S\n]*+)?+
        (?=PART\b|ITEM|S\s?I\s?G\s?N\s?A\s?T\s?U\s?R\s?E|Pursuant\sto\sthe\srequirements\sof)""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_PART = re.compile(
    r"(?:PART|Part)[^\S\n]{1,9}(?P<part>I{1,3}|IV|[1-4])(?![\w(])(?P<rest>[^\n]{0,60}?)(?=(?P<item>ITEM|Item)S?\b|\n|\Z)",
)
_ITEM = re.compile(
    r"""(?:ITEM|Item)(?P<many>[Ss])?(?:\s{0,9}(?:NO|No)\.)?\s{0,20}
        (?P<number>[1-9]|1[0-6])(?![0-9])
        (?:\.(?P<hundredths>0[1-9]|10)(?![0-9]))?
        (?:[.]?(?P<letter>[A-Ca-c])(?![A-Za-z])|[ ](?P<far>[A-C])(?=[.:]))?
        (?:[ ]?(?P<temporary>\(T\)|T(?![A-Za-z])))?
        (?P<more>(?(many)(?:[.]?\s{0,9}(?:and|AND|And|&)\s{1,9}(?:(?:ITEM|Item)\s)?[1-9][0-9]?[A-C]?)))
        (?:\([A-Za-z0-9]\))*+
        (?P<mark>[^\S\n]*+[.:;)–—-]*+)
        (?P<rest>[^\n]{0,400})""",
    re.VERBOSE,
)
_END = re.compile(
    r"S ?I ?G ?N ?A ?T ?U ?R ?E ?S?[^\w\n]*$|Pursuant to the requirements of", re.IGNORECASE | re.MULTILINE
)

_REFERRING = re.compile(
    r"\s*(?:of|and|or|above|below|in|to|herein|hereof|is|was|for|under|through|which|that)\b", re.IGNORECASE
)
_BROKEN_SENTENCE = re.compile(
    r"(?:,|\b(?:see|in|under|of|to|and|or|the|with|by|at|from|our|this|also|is|per))\Z", re.IGNORECASE
)
_PAGE = re.compile(r"(?:\.{2,}|[\t ]|…)\s*(?:[FSA]-?)?[0-9]{1,3}(?:\s?[-–]\s?[0-9]{1,3})?\s*\Z|\.{4,}\s*\Z")
_PAGE_ALONE = re.compile(r"\s{0,9}[0-9]{1,3}[^\S\n]*+(?:\n|\Z)")
_UNFINISHED = re.compile(r"(?:[,;]|\b(?:of|and|or|the|in|on|to|for|with|by|certain))\Z", re.IGNORECASE)
_CONTINUING = re.compile(r"(?:of|and|or|operations?)\b", re.IGNORECASE)
_RUN_IN = re.compile(r"(?<!\b[A-Z])(?<!\bInc)(?<!\bCo)(?<!\bCorp)(?<!\bNo)[.](?=\s*[–—]|\s+(?:[A-Z(]|[0-9]+[.][0-9]))")

_BLANK_LINE = re.compile(r"\n[^\S\n]*+\n")
_SNIFFED_CHARS = 10_000
"""A blank line in so much of a text tells that it is plain text, whose lines are broken; there are none in HTML's."""

_CONTENTS_GAP_CHARS = 250
"""More than that does not stand below an entry of a table of contents."""
_WRAPPED_CHARS = 45
"""A plain text's line is broken no earlier."""
_MAX_HEADING_CHARS = 300
_MAX_HEADING_LINES = 4
_RANKS = ("", "I", "II", "III", "IV")
_ROMAN = {"1": "I", "2": "II", "3": "III", "4": "IV"}


@dataclass(frozen=True, slots=True)
class Section:
    """One item of a report: `heading` as it is written, on one line; its text from `start` to `end`, heading included.

    `part` is ``I`` to ``IV``, None in an 8-K. `item` is its number, such as ``7A``, ``9A(T)`` or ``5.02``; where one
    heading stands for several (``Items 1 and 2.``) that of the first.
    """

    part: str | None
    item: str
    heading: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Heading:
    """A line that may be a heading. `key` orders the items of a form; `fits` says that the title is the item's own."""

    part: str | None
    item: str
    heading: str
    start: int
    body: int
    key: tuple[int, int, str]
    fits: bool
    has_page: bool


def sections(text: str, *, form: str) -> tuple[Section, ...]:
    """The sections of `text`, the text of a document of type `form`, in order; they do not overlap.

    There are some in a 10-K, 10-KSB, 10-Q or 8-K and what is filed like them (``10-K405``, ``10-KT``, amendments), and
    none in any other. The last one ends before the signatures. Takes time that grows with the length of `text`.
    """
    known = _FORM.match(form)
    if known is None:
        return ()
    name = known[1].upper().replace("-", "")
    family = "8-K" if name == "8K" else "10-Q" if name == "10Q" else "10-KSB" if name.endswith("SB") else "10-K"
    places = [line.end() for line in _LINE.finditer(text)]
    headings = _without_contents(_joined(list(_headings(text, places, family))))
    if family != "8-K":
        headings = _in_order(headings, len(text))
    elif any("." in heading.item for heading in headings):  # in one of today's, Item 1 is something of the filer's own
        headings = [heading for heading in headings if "." in heading.item]
    return tuple(_cut(text, places, headings))


def _headings(text: str, places: Sequence[int], family: str) -> Iterator[_Heading]:
    """What may be a heading, in the order of the text."""
    is_wrapped = _BLANK_LINE.search(text, 0, _SNIFFED_CHARS) is not None
    stated, last = "", (0, 0, "")
    for place in places:
        item_place = place
        if part := _PART.match(text, place):
            if not _is_part(part):
                continue
            stated = _ROMAN.get(part["part"], part["part"])
            if part["item"] is None:
                continue
            item_place = part.start("item")
        found = _ITEM.match(text, item_place)
        if found is None or not _is_heading(text, place, found, is_wrapped=is_wrapped):
            continue
        parts = _PARTS_OF_ITEM[family].get(int(found["number"]))
        if parts is None or (family != "8-K" and found["hundredths"]):
            continue
        heading, body = _title(text, item_place, found)
        title = heading[len(_one_line(text[item_place : found.start("mark")])) :]
        item = _item(found)
        chosen, fits = _part(family, item, title, parts, stated=stated, last=last)
        rank = _RANKS.index(chosen) if family == "10-Q" else 0
        last = key = (rank, int(found["number"]), item.removeprefix(found["number"]))
        has_page = _has_page(title) or _PAGE_ALONE.match(text, body) is not None
        yield _Heading(chosen or None, item, heading, place, body, key, fits, has_page)


def _is_part(part: re.Match[str]) -> bool:
    """Whether it is a heading such as ``PART II`` or ``Part I - Financial Information``, and no reference to a part."""
    rest = part["rest"].lstrip(" \t.,:;–—-")
    return not rest or not (rest[0].islower() or _REFERRING.match(rest) or rest[0] in "\"'“”’)")


def _is_heading(text: str, place: int, found: re.Match[str], *, is_wrapped: bool) -> bool:
    """Whether a line is written as a heading is: what follows the number is a title, what precedes is no open sentence.

    ``Item 7 of this report``, ``Item 7, "Management's Discussion``, or the same at a broken line's begin, are none.
    """
    rest = found["rest"].lstrip()
    if rest and (rest[0].islower() or rest[0] in ",\"'“”’?/" or (not found["mark"].strip() and _REFERRING.match(rest))):
        return False
    line = _line_start(text, place)
    before = text[max(0, line - _MAX_HEADING_CHARS) : max(0, line - 1)].rpartition("\n")[2].rstrip()
    is_open = is_wrapped and len(before) >= _WRAPPED_CHARS and before[-1].islower()
    return not is_open and _BROKEN_SENTENCE.search(before) is None


def _item(found: re.Match[str]) -> str:
    if found["hundredths"]:
        return f"{found['number']}.{found['hundredths']}"
    letter = (found["letter"] or found["far"] or "").upper()
    return found["number"] + letter + (found["temporary"] or "")


def _part(
    family: str, item: str, title: str, parts: Sequence[str], *, stated: str, last: tuple[int, int, str]
) -> tuple[str, bool]:
    """The part of an item, ``""`` where the form has none, and whether its title is the one of the form.

    Of several possible parts it is the one that the title tells, else the `stated` one, else the first that the item
    can stand in after the `last` one.
    """
    bare = item.removesuffix("(T)").removesuffix("T")
    titles = _TITLES[family]
    if family != "10-Q":
        fits = bare in titles and titles[bare].search(title) is not None
        return (stated if stated in parts else parts[0] if parts else ""), fits
    told = [part for part in parts if f"{part} {bare}" in titles and titles[f"{part} {bare}"].search(title)]
    if len(told) == 1:
        return told[0], True
    if bare == "1A":
        return "II", False
    if stated in parts:
        return stated, bool(told)
    rank, number, _ = last
    return ("II" if rank == _RANKS.index("II") or number >= int(bare[0]) else parts[0]), bool(told)


def _title(text: str, start: int, found: re.Match[str]) -> tuple[str, int]:
    """The heading on one line, and where it ends in `text`: the line of the item, and those that go on with it."""
    end = found.end()
    lines = [text[start:end]]
    needs_title = not found["rest"].strip(" \t.:;–—-")
    if run_in := _RUN_IN.search(text, found.start("rest") + 1, end):
        return _one_line(text[start : run_in.end()]), run_in.end()
    is_block = _stands_apart(text, end)
    for _ in range(_MAX_HEADING_LINES - 1):
        following, after = _next_line(text, end, over_blank=needs_title)
        if following is None or not _goes_on(lines[-1], following, needs_title=needs_title, is_block=is_block):
            break
        lines.append(following)
        end, needs_title = after, False
    return _one_line(" ".join(lines)), end


def _stands_apart(text: str, end: int) -> bool:
    """Whether there is a blank line soon after the heading's first, so that the lines up to it are the heading."""
    for _ in range(_MAX_HEADING_LINES):
        following, end = _next_line(text, end, over_blank=False)
        if following is None:
            return True
    return False


def _has_page(title: str) -> bool:
    """Whether a title ends with the number of a page, and not with a sentence that is broken after some number."""
    return _PAGE.search(title) is not None and _RUN_IN.search(title, 2) is None


def _next_line(text: str, end: int, *, over_blank: bool) -> tuple[str | None, int]:
    """The line after the one that ends at `end`, with its end; with `over_blank` the next that is not blank."""
    for _ in range(4 if over_blank else 1):
        if end >= len(text) or text[end] != "\n":
            break
        stop = text.find("\n", end + 1, end + 1 + _MAX_HEADING_CHARS)
        if stop < 0:
            stop = min(len(text), end + 1 + _MAX_HEADING_CHARS)
            if stop < len(text):
                break  # a line so long is text
        line = text[end + 1 : stop]
        if line.strip():
            return line, stop
        end = stop
    return None, end


def _goes_on(line: str, following: str, *, needs_title: bool, is_block: bool) -> bool:
    """Whether `following` belongs to the heading that `line` ends with."""
    next_words, words = following.strip(), line.strip()
    if len(next_words) > _MAX_HEADING_CHARS // 2 or _LINE.match(following):
        return False
    if needs_title:
        return next_words[0].isalpha() or next_words[0] in "[("
    if not any(letter.isalpha() for letter in next_words):
        return False
    if words.isupper() == next_words.isupper() and _CONTINUING.match(next_words):
        return True
    return _UNFINISHED.search(words) is not None or (
        is_block and len(words) >= _WRAPPED_CHARS and words[-1] not in ".:" and words.isupper() == next_words.isupper()
    )


def _line_start(text: str, place: int) -> int:
    return text.rfind("\n", 0, place) + 1


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _joined(headings: Sequence[_Heading]) -> list[_Heading]:
    """`headings` without those that only go on with an item, such as ``Item 7 (continued)`` at the head of a page."""
    return [
        heading
        for number, heading in enumerate(headings)
        if number == 0 or heading.key != headings[number - 1].key or headings[number - 1].has_page
    ]


def _without_contents(headings: Sequence[_Heading]) -> list[_Heading]:
    """`headings` without the entries of tables of contents.

    Those stand close together, in order, and most of them end with page numbers or come again further down.
    """
    kept: list[_Heading] = []
    below = Counter(heading.key for heading in headings)
    for group in _groups(headings):
        below.subtract(heading.key for heading in group)
        with_page = sum(heading.has_page for heading in group)
        again = sum(below[heading.key] > 0 for heading in group)
        if 2 * with_page <= len(group) and (len(group) == 1 or 2 * again <= len(group)):
            kept += group
    return kept


def _groups(headings: Sequence[_Heading]) -> Iterator[list[_Heading]]:
    """`headings` cut where more text stands between two than in a table of contents, or where the items begin anew."""
    group: list[_Heading] = []
    for heading in headings:
        if group and (heading.key <= group[-1].key or heading.start - group[-1].body > _CONTENTS_GAP_CHARS):
            yield group
            group = []
        group.append(heading)
    if group:
        yield group


def _in_order(headings: Sequence[_Heading], length: int) -> list[_Heading]:
    """The headings that make the best rising row: most titles that fit, then most items, then most text below them."""
    best: dict[tuple[int, int, str], tuple[tuple[int, int], int]] = {}
    before: list[int] = []
    for number, heading in enumerate(headings):
        lower = [found for key, found in best.items() if key < heading.key]
        (weight, chars), previous = max(lower, default=((0, 0), -1))
        following = headings[number + 1].start if number + 1 < len(headings) else length
        total = (weight + (2 if heading.fits else 1), chars + following - heading.body)
        before.append(previous)
        if heading.key not in best or total > best[heading.key][0]:
            best[heading.key] = (total, number)
    row: list[_Heading] = []
    _, number = max(best.values(), default=((0, 0), -1))
    while number >= 0:
        row.append(headings[number])
        number = before[number]
    return row[::-1]


def _cut(text: str, places: Sequence[int], headings: Sequence[_Heading]) -> Iterator[Section]:
    """The spans: each ends where the next begins, or the part that the next opens, the last before the signatures."""
    remaining = iter(places)
    for number, heading in enumerate(headings):
        is_last = number + 1 == len(headings)
        end = len(text) if is_last else _line_start(text, headings[number + 1].start)
        for place in remaining:
            if place >= end:
                break
            if place < heading.body:
                continue
            if is_last:
                is_border = _END.match(text, place) is not None
            else:
                part = _PART.match(text, place)
                is_border = part is not None and _is_part(part) and end - place <= _CONTENTS_GAP_CHARS
            if is_border:
                end = _line_start(text, place)
                break
        yield Section(heading.part, heading.item, heading.heading, heading.start, end)
