"""Classifying lines of a text: page furniture, titles, sentences."""

from __future__ import annotations

import re

from archiver.startup.patterns import lazy_pattern
from indexer.sections.model import Gap

MAX_HEADING_CHARS = 300
WRAPPED_CHARS = 45
"""Minimum length of a broken line of plain text."""

_BLANK_LINE = lazy_pattern(r"\n[^\S\n]*+\n")
_SNIFFED_CHARS = 10_000
"""A blank line within this many characters shows that the text is plain, with broken lines; text from HTML has none."""

_PAGE_FOOT = r"""[-–—(\s]*(?:page\s*)?[FSA]?-?[0-9]{1,3}[-–—)\s]*|(?:(?:back|return)\ to\ )?table\ of\ contents|index"""
_PAGE_FOOT_LINE = lazy_pattern(_PAGE_FOOT, re.IGNORECASE | re.VERBOSE)
_SECTION_FOOT = lazy_pattern(
    r"""\n[^\w\n]*section\s+[1-9](?![\w(])\W{0,9}
        (?:(?:registrant|financial|securities\s+and|matters|corporate|asset|regulation|other\s+events)[^\n]{0,80})?\s*\Z""",
    re.IGNORECASE | re.VERBOSE,
)
"""The heading of a section of Form 8-K, such as ``Section 5 – Corporate Governance and Management``, above an item."""
_MAX_SECTION_CHARS = 200
_FURNITURE = lazy_pattern(
    rf"""{_PAGE_FOOT}
        |[ivx]{{1,5}}                                                   # the number of a page of the front matter
        |[\W_]+                                                         # rules, bullets
        |page(?:\(s\)|s)?(?:\ (?:no\.?|number))?|contents|\(?continued\)?
        |[^\n]{{0,50}}form\ (?:10-?[KQ]|8-?K)[^\n]{{0,20}}[0-9]{{1,3}}   # a running title
        |[0-9]{{1,3}}\s[^\n]{{0,50}}form\ (?:10-?[KQ]|8-?K)[^\n]{{0,20}}
        |P\ ?A\ ?R\ ?T\s+(?:I{{1,3}}|IV|[1-4])\b(?!\s*,\s*item)[^\n]{{0,60}}""",
    re.IGNORECASE | re.VERBOSE,
)
_PAGE = lazy_pattern(
    r"""(?:(?:\.{2,}|(?<![\t ])(?<!\bsection)(?<!\b(?:rule|note|item))[\t ]|…|\.\ \.)\s*(?:(?:pages?|pp?\.)\s*)?
          (?![0-9]{1,3}(?:,[0-9]{3})+\b)(?:[FSA]-?)?[0-9]{1,3}
          (?:\s?(?:[-–—,&]|and|to|through)\s?(?:[FSA]-?)?[0-9]{1,3})*(?:\s?,?\s?\([a-z]\))*+
         |\.{4,}|(?:\.\ ){4,}\.?|\t\(?[a-z*]\))\s*\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_ONE_PAGE = lazy_pattern(r"[^\d\s,&–—-][.…\s]*[.…\s][0-9]{1,3}\s*\Z")
_MAX_PAGE_CHARS = 200
_PAGE_ENDS = frozenset("0123456789).*… \t")
_PAGE_ALONE = lazy_pattern(
    r"""(?:[FSA]-?)?[0-9]{1,3}(?:\s?[-–—]\s?[0-9]{1,3})?
        |(?:pages?|pp?\.)\s*(?:[FSA]-?)?[0-9]{1,3}(?:\s?(?:[-–—,&]|and|to|through)\s?(?:[FSA]-?)?[0-9]{1,3})*""",
    re.IGNORECASE | re.VERBOSE,
)
_COMPLETE = lazy_pattern(
    r"\b(?:none|not\s+(?:applicable|required)|n/a|reserved|removed|omitted)(?![^\W_])[\W\d_]*\Z", re.IGNORECASE
)
_SENTENCE = lazy_pattern(r"[.:](?:(?<=[a-z0-9”\")][.:])|(?<=-[KQ][.]))(?:\s|\Z)")
_OWN_WORDS = lazy_pattern(r"(?:none|not\s+(?:applicable|required)|n/a|omitted|no\s)", re.IGNORECASE)
RUN_IN = lazy_pattern(
    r"[.](?<!\b[A-Z][.])(?<!\bInc[.])(?<!\bCo[.])(?<!\bCorp[.])(?<!\bNo[.])(?=\s*[–—]|\s+(?:[A-Z(]|[0-9]+[.][0-9]))"
)
"""The full stop after a title that is followed by text on the same line."""

OPENERS = (
    "The|We|Our|On|In|As|This|There|No|None|Information|See|Not|An?|It|For|During|Please|You|Incorporated|Pursuant"
    "|Reference|Refer|From|All|Each|These|If|Under|Except|Since|Set|When"
)
"""Words that begin a sentence after a title."""
_PROSE = lazy_pattern(
    rf"\S\s(?:[-–—]\s)?(?:{OPENERS}|\(a\)|(?:\S+\s){{1,9}}(?:is|are|was|were|has|have|will))"
    r"\s[^\n]*[.][)”\"]*\s*\Z"
)

_PROSE_ENDS = frozenset('.)”"')
_MAX_TITLE_CHARS = 110
_MAX_TITLE_LINES = 14
_MAX_ROW_CHARS = 220
"""A longer line without a page number is a paragraph, even if lines of a table of numbers follow."""


def is_wrapped(text: str) -> bool:
    """Whether `text` has broken lines, as plain text has, with blank lines between paragraphs."""
    return _BLANK_LINE.search(text, 0, _SNIFFED_CHARS) is not None


def line_start(text: str, place: int) -> int:
    """The beginning of the line that contains `place`."""
    return text.rfind("\n", 0, place) + 1


def line_end(text: str, place: int) -> int:
    """The end of the line that contains `place`, without the line end itself."""
    end = text.find("\n", place)
    return len(text) if end < 0 else end


def line_before(text: str, start: int) -> str:
    """The line above the one that begins at `start`, without trailing space; only the end of a long one."""
    return text[max(0, start - MAX_HEADING_CHARS) : max(0, start - 1)].rpartition("\n")[2].rstrip()


def one_line(text: str) -> str:
    """`text` with every run of white space as one space."""
    return " ".join(text.split())


def next_line(text: str, end: int, *, over_blank: bool) -> tuple[str | None, int]:
    """The line after the one that ends at `end`, and its end; with `over_blank`, the next non-blank line.

    None for a blank line, and for one so long that it is text.
    """
    for _ in range(4 if over_blank else 1):
        if end >= len(text) or text[end] != "\n":
            break
        stop = text.find("\n", end + 1, end + 1 + MAX_HEADING_CHARS)
        if stop < 0:
            stop = min(len(text), end + 1 + MAX_HEADING_CHARS)
            if stop < len(text):
                break
        line = text[end + 1 : stop]
        if line.strip():
            return line, stop
        end = stop
    return None, end


def has_page(line: str) -> bool:
    """Whether a line ends with a page number, and not with a sentence broken after some number."""
    if line[-1:] not in _PAGE_ENDS or _PAGE.search(line, max(0, len(line) - _MAX_PAGE_CHARS)) is None:
        return False
    return RUN_IN.search(line, 2) is None


def has_one_page(line: str) -> bool:
    """Whether a line ends with one page number, without a range or a list of pages."""
    return has_page(line) and _ONE_PAGE.search(line) is not None


def without_page(title: str) -> str:
    """A title of a table of contents without dots and page number."""
    return _PAGE.sub("", title).strip(" \t.…")


def is_page_alone(line: str) -> bool:
    """Whether a line is only a page number."""
    return _PAGE_ALONE.fullmatch(line.strip()) is not None


def is_complete(title: str) -> bool:
    """Whether a title is the whole item: ``[Reserved]``, ``Mine Safety Disclosures: not applicable``."""
    return _COMPLETE.search(title) is not None


def has_prose(title: str) -> bool:
    """Whether a sentence follows a title on its line, as in ``Properties We own our offices``."""
    return len(title) > _MAX_ROW_CHARS or (title[-1:] in _PROSE_ENDS and _PROSE.search(title) is not None)


def is_furniture(line: str) -> bool:
    """Whether a line is blank, a page number, a running title, a rule, or the heading of a part."""
    if len(line) > MAX_HEADING_CHARS and line[0].isalnum():
        return False
    return not line or _FURNITURE.fullmatch(line) is not None


def gap_of(under: str) -> Gap:
    """The kind of text `under` a heading, up to the next line that may be one."""
    lines = [line for raw in under.split("\n") if not is_furniture(line := raw.strip())]
    if not lines:
        return Gap.EMPTY
    if any(_OWN_WORDS.match(line) for line in lines):
        return Gap.TEXT
    if any(len(line) > _MAX_ROW_CHARS and not has_page(line) for line in lines):
        return Gap.TEXT
    if 2 * sum(has_page(line) for line in lines) > len(lines):
        return Gap.ROWS
    if len(lines) <= _MAX_TITLE_LINES and all(
        has_page(line) or (len(line) <= _MAX_TITLE_CHARS and _SENTENCE.search(line) is None) for line in lines
    ):
        return Gap.TITLES
    return Gap.TEXT


def trimmed_end(text: str, start: int, end: int) -> int:
    """`end` moved before trailing page numbers, ``Table of Contents``, a heading of sections and blank lines."""
    if section := _SECTION_FOOT.search(text, max(start, end - _MAX_SECTION_CHARS), end):
        end = section.start() + 1
    while end > start:
        last = line_start(text, end - 1)
        line = text[last:end].strip()
        if last <= start or (line and _PAGE_FOOT_LINE.fullmatch(line) is None):
            break
        end = last
    return end
