"""Lines that may be headings of items or parts, in every spelling found in filings.

A line that begins with ``Item 7.`` may be a heading, an entry of the table of contents, or a reference in a sentence
that was broken there. References are recognised by how the line is written and by the line above it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern
from indexer.sections.forms import PARTS, RANKS, TITLES, Family, further_items, part_of
from indexer.sections.lines import (
    MAX_HEADING_CHARS,
    OPENERS,
    RUN_IN,
    WRAPPED_CHARS,
    is_complete,
    is_wrapped,
    line_before,
    next_line,
    one_line,
)
from indexer.sections.model import Divider, Heading, Key

_LINE = lazy_pattern(
    r"""\n[^\S\n]*+(?:(?:[^\w\s"“\[(]|_){1,3}+[^\S\n]*+)?+(?P<opening>["“\[(])?+
        (?:(?=P\ ?A\ ?R\ ?T\b|I\ ?T\ ?E\ ?M|S\s?I\s?G\s?N\s?A\s?T\s?U\s?R\s?E
            |(?:Pursuant\s{1,9}to|In\s{1,9}accordance\s{1,9}with)\s)
          |(?P<section>SECTION\ [1-9])(?:\.0[1-9])?[^\S\n]*[^\w\n][^\n]{0,120}?(?=ITEM\ ))""",
    re.IGNORECASE | re.VERBOSE,
)
"""A line end and what may begin a heading after it; a pattern that begins with a fixed character is found fast."""
_PART = lazy_pattern(
    r"""(?:P\ ?A\ ?R\ ?T|Part)[^\S\n]{1,9}(?P<part>I{1,3}|IV|I\ I|I\ I\ I|I\ V|[1-4])(?![\w(])
        (?P<rest>[^\n]{0,60}?)(?=(?P<item>I\ ?T\ ?E\ ?M|Item)[Ss]?\b|\n|\Z)""",
    re.VERBOSE,
)
_DIGITS = {"1": "I", "2": "II", "3": "III", "4": "IV"}
_WORDS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()
_ROMANS = "i ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi".split()
_NUMBERS = {
    **{str(number): number for number in range(1, 17)},
    **{word: number for number, word in enumerate(_WORDS, 1)},
    **{roman: number for number, roman in enumerate(_ROMANS, 1)},
    "l": 1,
}
_SPELT = "|".join(sorted((*_WORDS, *_ROMANS, "l"), key=len, reverse=True))
_LINK = r"(?:[.]?\s{0,3}(?:,\s{0,3}(?:and\b|&)?|;|\band\b|&|/|-|–|—|\bthr(?:ough|u)\b|\bto\b)\s{0,3}(?:ITEMS?\s{1,3})?)"
_AND = r"\s{0,3}(?:,?\s{0,3}(?:and\b|&)?|;|-|–|—|through|to)\s{0,3}"
_ITEM = lazy_pattern(
    rf"""(?:(?P<spaced>I\ T\ E\ M)|I\ ?T\ ?E\ ?M)(?P<many>\(?S\)?)?
        (?:\s{{0,9}}(?:NO\b\.?|NUMBER\b|\#))?\s{{0,20}}(?:[-–—:.]\s{{0,3}})?(?P<open>[(\["“])?0?
        (?P<number>(?(spaced)1\ ?[0-6](?!\ ?[0-9])|(?!))|1[0-6](?![0-9])|[1-9](?![0-9])
          |[1-9](?=(?:0[1-9]|10)(?![0-9]))|(?:{_SPELT})(?![a-z0-9]))
        (?:\s?[.]\s?(?P<hundredths>0\ ?[1-9]|10)(?![0-9])
          |(?P<odd>\s?[,:–—-]\s?0[1-9]|[.][1-9](?![0-9.])|0[1-9]|10)(?![0-9])
          |[.]?(?P<letter>[A-D])(?![a-z])
          |[ ](?P<far>[A-D])(?=\s?[.:])
          |[-\u2010\u2011](?P<dashed>[A-D])(?![a-z])
          |(?P<gap>\s?[-–—]\s?)(?P<apart>[A-D])(?![a-z])
          |[.]?\s?\((?P<bracketed>[A-D])\)
          |(?-i:(?:(?<=[0-9])|[ ](?=[A-D]\s))(?P<glued>[A-D])(?=[A-Z]|\s)))?
        (?:[ ]?(?P<temporary>\(T\)|T(?![a-z])))?
        (?(open)[)\]"”])
        (?(hundredths)(?:\s?\([a-z0-9]\)(?:{_AND}\([a-z0-9]\))*+)?+|(?:\([a-z0-9]\))*+)
        (?P<more>(?:{_LINK}(?:1[0-6]|[1-9])(?:\.(?:0[1-9]|10))?[A-D]?(?:\([a-z0-9]\))*(?![\w%])){{0,16}})
        (?P<mark>(?:[^\S\n]*[].:;)|/,–—-])*+)
        (?P<rest>[^\n]{{0,400}})""",
    re.IGNORECASE | re.VERBOSE,
)
_FURTHER = lazy_pattern(r"(?P<link>[^0-9]*)(?P<item>[0-9]{1,2}(?:\.[0-9]{2})?[A-D]?)", re.IGNORECASE)
_THROUGH = lazy_pattern(r"(?:-|–|—|through|thru|to)", re.IGNORECASE)

_REFERRING = lazy_pattern(
    r"\s*(?:of|and|or|above|below|in|to|herein|hereof|is|was|for|under|through|which|that)\b", re.IGNORECASE
)
_BROKEN_SENTENCE = lazy_pattern(
    r"(?:,|\b(?:see|in|under|of|to|and|or|the|with|by|at|from|our|this|also|is|per))\Z", re.IGNORECASE
)
_UNFINISHED = lazy_pattern(r"(?:[,;]|\b(?:of|and|or|the|in|on|to|for|with|by|certain|form))\Z", re.IGNORECASE)
_OF_A_LIST = lazy_pattern(r"(?:;|[,;]\s+(?:and|or))\Z", re.IGNORECASE)
"""The end of a line in a list of items that a sentence names: ``Item 1A. Risk Factors; and``."""
_ABOUT_A_REPORT = lazy_pattern(
    r"\b(?:of|in|to|from|under)\s+(?:our|the|this|its|that)\s+(?:[\w’']+\s+){0,4}?"
    r"(?:[Rr]eports?|[Ff]orm\s+(?:10|8)-?[KQ]|[Pp]rospectus|[Ff]iling)\b"
)
_OF_A_REPORT = lazy_pattern(r"\b(?:10-?[KQ]|(?:annual|quarterly)\s+report|regulation\s+s-[kx])\b", re.IGNORECASE)
_VERB_WORDS = (
    r"\s(?:is|are|was|were|has|have|will|should|includes?|contains?"
    r"|describes?|discuss(?:es)?|provides?|sets?\s+forth)\s"
)
_VERB = lazy_pattern(_VERB_WORDS)
_OF_SEVERAL = lazy_pattern(rf"(?:(?!{_VERB_WORDS}).)*?\bItems?\s+[0-9]", re.IGNORECASE)
"""A sentence about several items: ``Item 1A. Risk Factors and Item 7. Management's Discussion describe …``."""
_CAPITALS = lazy_pattern(r"[^a-z\n]{6,}[A-Z]{3}(?=\s(?:[-–—]\s)?(?:\(a\)\s|(?:[A-Z][a-z’']+|A)\s[a-z(]))")
"""A title in capitals before a sentence on the same line."""
_TITLE_END = lazy_pattern(rf"[.:;\t]|\s[–—-]\s|\ \ |\s\(a\)\s|\S\s(?:{OPENERS})\b")
_GAP = lazy_pattern(r"\S\ \ +(?=\S)")
_OTHER_ITEM = lazy_pattern(r"\b(Items?\s+[0-9]{1,2}[A-D]?)[.:]", re.IGNORECASE)
"""Another item named in a line, whose point ends no title."""
_CONTINUING = lazy_pattern(r"(?:of|and|or|operations?)\b", re.IGNORECASE)
_QUOTES = "\"'“"
_QUOTED = lazy_pattern(r"""["'“][^"“”]+["'’”][.:]?""")
"""A quoted title that is the whole line; more words on the line would be a sentence about the item."""
_BULLETS = "•●▪◦‣·*–—-"
_CLOSING = {'"': '"”', "“": '”"', "[": "]", "(": ")"}
_ODD_SIGNS = " \t\n,:.–—-"
"""What may stand in the number of an 8-K's item in place of its point: ``Item 7,01``, ``Item 7-01``, ``Item 701``."""

_FULL_WIDTH_DIGITS = "１２３４５６７８９"
_AS_ASCII = {code + 0xFEE0: code for code in range(0x21, 0x7F)}
"""Full-width letters, digits and signs, as in texts of East Asian filers."""

_MAX_HEADING_LINES = 4
_MAX_LINK_CHARS = 8
"""Maximum length of the word that leaves a sentence open."""
_MAX_DOUBTFUL_CHARS = 120
_MAX_LOWER_CHARS = 200
_MIN_BROKEN_CHARS = WRAPPED_CHARS
"""Minimum length of the words after the number if a sentence in plain text continues on the next line."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The relevant lines of a text: possible headings, parts, and the beginning of each such line."""

    headings: tuple[Heading, ...]
    dividers: tuple[Divider, ...]
    places: tuple[int, ...]


def find_headings(text: str, family: Family) -> Lines:
    """The lines of `text` that may be headings of the form's items, and the headings of parts, in order."""
    wrapped = is_wrapped(text)
    headings: list[Heading] = []
    dividers: list[Divider] = []
    places: list[int] = []
    stated, last = "", (0, 0, "")
    if any(digit in text for digit in _FULL_WIDTH_DIGITS):
        text = text.translate(_AS_ASCII)
    for line in _LINE.finditer("\n" + text):
        start, place = line.start(), line.end() - 1
        item_place, told = place, stated
        places.append(place)
        if part := _PART.match(text, place):
            if not _is_part(part):
                continue
            told = _DIGITS.get(part["part"], part["part"].replace(" ", ""))
            if part["item"] is None:
                stated = told
                dividers.append(Divider(stated, start, part.end()))
                continue
            item_place = part.start("item")
        elif line["section"] and family != "8-K":
            continue  # a section defined by the filer
        if found := _ITEM.match(text, item_place):
            written = _Line(place, line_before(text, start), line["opening"], wrapped)
            heading = _heading(text, written, found, family, stated=told, last=last)
            if heading is not None:
                last = heading.key
                stated = told if family == "10-Q" or told == heading.part else ""  # a table of contents ended with it
                headings.append(heading)
    return Lines(tuple(headings), tuple(dividers), tuple(places))


@dataclass(frozen=True, slots=True)
class _Line:
    """A line: where its words begin, the line above, the quote or bracket before them; whether lines are broken."""

    place: int
    above: str
    opening: str | None
    is_wrapped: bool

    @property
    def is_apart(self) -> bool:
        """Whether a paragraph begins here."""
        return not self.is_wrapped or not self.above.strip()

    @property
    def goes_on(self) -> bool:
        """Whether the line above is an open sentence that continues here."""
        end = self.above[-2:]
        is_open = self.is_wrapped and len(self.above.strip()) >= WRAPPED_CHARS and end.isalpha() and end.islower()
        if is_open and _LINE.match("\n" + self.above) is None:
            return True
        return _BROKEN_SENTENCE.search(self.above[-_MAX_LINK_CHARS:]) is not None


def _is_part(part: re.Match[str]) -> bool:
    """Whether it is a heading such as ``PART II`` or ``Part I - Financial Information`` and not a reference."""
    rest = part["rest"].lstrip(" \t.,:;–—-")
    return not rest or not (rest[0].islower() or _REFERRING.match(rest) or rest[0] in "\"'“”’)")


@dataclass(frozen=True, slots=True)
class _Number:
    """A possible item number and where it ends. Unless `is_sure`, its title must be the form's."""

    item: str
    end: int
    is_sure: bool


def _heading(text: str, line: _Line, found: re.Match[str], family: Family, *, stated: str, last: Key) -> Heading | None:
    """The heading that begins with the line, or None: the first reading of its number that makes it one."""
    number = _number(found)
    parts = PARTS[family].get(number)
    has_hundredths = found["hundredths"] or (found["odd"] or "").isdecimal()
    if parts is None or (family != "8-K" and has_hundredths) or line.goes_on:
        return None
    heading, body = _title(text, found.start(), found, wrapped=line.is_wrapped)
    opening = ""
    if line.opening:
        if found["mark"].lstrip(" .").startswith(tuple(_CLOSING[line.opening])):
            opening = line.opening  # (Item 1A) Risk Factors
        elif heading[-1] in _CLOSING[line.opening]:
            heading = heading[:-1]
        else:
            return None
    for reading in _readings(found, number, family):
        title = heading[len(one_line(text[found.start() : reading.end])) :].lstrip(" .:;)]|/,–—-")
        part, fits = part_of(family, reading.item, title, parts, stated=stated, last=last)
        if not _is_title(found, reading, line, title, fits=fits):
            continue
        if family == "8-K" and not fits and "." not in reading.item and _is_of_a_report(reading.item, title):
            continue
        sentence = _sentence(text, found, reading, wrapped=line.is_wrapped)
        if sentence and (_ABOUT_A_REPORT.search(sentence) or _OF_SEVERAL.match(sentence)):
            return None
        is_sentence = fits and (bool(sentence) or _OF_A_LIST.search(title) is not None)
        if family == "8-K" and found["more"] and is_complete(title):  # Items 1 through 4 and 6: not applicable
            continue
        rank = RANKS.index(part) if family == "10-Q" else 0
        key = (rank, number, reading.item.removeprefix(str(number)))
        line_title = max(title, text[reading.end : found.end()], key=len)
        named = [*_also(found, family, number), *further_items(line_title, family, part, reading.item)]
        also = tuple(item for item in dict.fromkeys(named) if item != reading.item)
        fits = fits and not is_sentence
        start = line.place - len(opening)
        return Heading(part, reading.item, also, opening + heading, title, start, body, key, fits, is_sentence)
    return None


def _is_of_a_report(item: str, title: str) -> bool:
    """Whether an item of an annual or quarterly report is meant: ``Item 1. Business`` in an 8-K."""
    annual = TITLES["10-K"].get(item)
    if annual is not None and annual.match(title):
        return True
    return not title.isupper() and _OF_A_REPORT.search(title) is not None


def _number(found: re.Match[str]) -> int:
    return _NUMBERS[found["number"].lower().replace(" ", "")]


def _readings(found: re.Match[str], number: int, family: Family) -> Iterator[_Number]:
    """Possible readings of an item number. ``1ARisk Factors`` is item 1A if the title fits, ``1BUSINESS`` item 1."""
    is_sure = found["number"][-1].isdecimal() and not found["open"]
    end = found.start("mark") if _rises(found) else found.start("more")
    temporary = (found["temporary"] or "").upper()
    if found["hundredths"]:
        yield _Number(f"{number}.{found['hundredths'].replace(' ', '')}", end, is_sure)
    elif found["odd"]:
        if family == "8-K":
            yield _Number(f"{number}.{found['odd'].strip(_ODD_SIGNS).zfill(2)}", end, is_sure=False)
        if not found["odd"].isdecimal():
            yield _Number(str(number), found.start("odd"), is_sure)
    elif family == "8-K":
        yield _Number(str(number), end, is_sure and not any(found[name] for name in ("letter", "far", "dashed")))
    elif letter := found["letter"] or found["far"] or found["dashed"]:
        yield _Number(f"{number}{letter.upper()}{temporary}", end, is_sure)
    elif letter := found["apart"] or found["bracketed"] or found["glued"]:
        yield _Number(f"{number}{letter.upper()}{temporary}", end, is_sure=False)
        without = end if found["bracketed"] else found.start("gap" if found["apart"] else "glued")
        yield _Number(str(number), without, is_sure)
    else:
        yield _Number(f"{number}{temporary}", end, is_sure)


def _also(found: re.Match[str], family: Family, number: int) -> tuple[str, ...]:
    """The further items of a heading such as ``Items 10, 11 and 12`` or ``Items 10 through 14``."""
    also: list[str] = []
    if _rises(found):
        for further in _FURTHER.finditer(found["more"]):
            item = further["item"].upper()
            if _THROUGH.search(further["link"]) and item.isdecimal():
                first = _whole(also[-1]) if also else number
                also += [str(between) for between in range(first + 1, int(item)) if between in PARTS[family]]
            also.append(item)
    return tuple(also)


def _rises(found: re.Match[str]) -> bool:
    """Whether the items of a heading rise, as in ``Items 10 - 14`` but not in ``Item 6 - 5 Year Summary``."""
    if not found["more"]:
        return True
    numbers = [_number(found)]
    numbers += [_whole(further["item"]) for further in _FURTHER.finditer(found["more"])]
    return numbers == sorted(numbers) or not _THROUGH.search(found["more"])


def _whole(item: str) -> int:
    return int(item.partition(".")[0].rstrip("ABCDabcd"))


def _is_title(found: re.Match[str], reading: _Number, line: _Line, title: str, *, fits: bool) -> bool:
    """Whether the text after the number looks like a title, unlike in ``Item 7 of this report``.

    Rarer spellings (a number in words, a quoted line) are headings only with the title of the item. A title after a
    comma or in lower case must also be the whole line.
    """
    mark = found["mark"].strip()
    if not title or (title[0] in _QUOTES and not found["rest"].strip(" \t.:;–—-")):
        return reading.is_sure and line.opening != "(" and not mark.endswith(",")
    if title[0] in _QUOTES:
        return fits and line.is_apart and not mark.endswith(",") and _QUOTED.fullmatch(title) is not None
    if title[0] in "”’?" or (not mark and _REFERRING.match(title)):
        return False
    is_lower = title.lstrip("([")[:1].islower()
    if found[0][0].islower() or is_lower:
        is_whole = len(title) <= _MAX_LOWER_CHARS and title[-1] not in ",;"
        return fits and is_whole and line.is_apart and is_lower and (found[0][0].islower() or bool(mark.strip(")]")))
    is_whole = len(title) <= _MAX_DOUBTFUL_CHARS and title[-1] not in ".,;"
    return fits if not reading.is_sure or line.opening else (not mark.endswith(",") or (fits and is_whole))


def _sentence(text: str, found: re.Match[str], reading: _Number, *, wrapped: bool) -> str:
    """The words of a line that only refers to an item, such as ``Item 1A. Risk Factors of our report describes …``.

    Empty for a heading, also if text follows on its line: then something separates the two, or a sentence begins.
    """
    line = _OTHER_ITEM.sub(r"\1", text[reading.end : found.end()].lstrip(" \t.:;)]|/,–—-"))
    if wrapped and len(_GAP.findall(line)) > 1:  # spread to the width of the page
        line = one_line(line)
    following, _ = next_line(text, found.end(), over_blank=False)
    sentence, told = line, _ABOUT_A_REPORT.search(line) or _VERB.search(line)
    if told is None and following and len(line) >= _MIN_BROKEN_CHARS:
        joined = f"{line} {following}"
        about = _ABOUT_A_REPORT.search(joined)
        is_about = about is not None and about.start() < len(line)
        if following[0].islower() or is_about or _OF_SEVERAL.match(line):
            sentence, told = joined, about or _VERB.search(joined)
    has_text = _CAPITALS.match(text, found.start("rest"), found.end()) or (
        told and _TITLE_END.search(sentence, 0, told.start())
    )
    return sentence if told and not has_text else ""


def _title(text: str, start: int, found: re.Match[str], *, wrapped: bool) -> tuple[str, int]:
    """The heading on one line, and where it ends in `text`: the line of the item and its continuation lines."""
    end = found.end()
    lines = [text[start:end]]
    needs_title = not found["rest"].strip(" \t.:;–—-")
    run_in = RUN_IN.search(text, found.start("rest") + 1, end)
    if run_in or (run_in := _CAPITALS.match(text, found.start("rest"), end)):
        return one_line(text[start : run_in.end()]), run_in.end()
    is_block = wrapped and _stands_apart(text, end)
    for _ in range(_MAX_HEADING_LINES - 1):
        following, after = next_line(text, end, over_blank=needs_title)
        if following is None or not _goes_on(lines[-1], following, needs_title=needs_title, is_block=is_block):
            break
        lines.append(following)
        end, needs_title = after, False
    return one_line(" ".join(lines)), end


def _stands_apart(text: str, end: int) -> bool:
    """Whether there is a blank line soon after the first line of the heading, which then ends there.

    A sentence in between is not part of the heading.
    """
    for _ in range(_MAX_HEADING_LINES):
        following, end = next_line(text, end, over_blank=False)
        if following is None:
            return True
        if _VERB.search(following):
            return False
    return False


def _goes_on(line: str, following: str, *, needs_title: bool, is_block: bool) -> bool:
    """Whether `following` continues the heading that ends with `line`."""
    next_words, words = following.strip(), line.strip()
    if len(next_words) > MAX_HEADING_CHARS // 2 or next_words[0] in _BULLETS or _LINE.match("\n" + following):
        return False
    if needs_title:
        return next_words[0].isalpha() or next_words[0] in "[(" or _QUOTED.fullmatch(next_words) is not None
    if not any(letter.isalpha() for letter in next_words):
        return False
    if words.isupper() == next_words.isupper() and _CONTINUING.match(next_words):
        return True
    return _UNFINISHED.search(words) is not None or (
        is_block and len(words) >= WRAPPED_CHARS and words[-1] not in ".:" and words.isupper() == next_words.isupper()
    )
