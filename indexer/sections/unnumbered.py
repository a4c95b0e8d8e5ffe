"""Items under headings without numbers, identified by a table of contents or an index.

A table of contents may number an item that has only its title in the body. It may also number all of them without the
word item; as notes and lists have numbers, too, these and the titles must be those of the form, and several of them.
Some reports use headings of their own, with an index of the pages that answer each item of the form (``Form 10-K
Cross-Reference Index``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern
from indexer.sections.forms import PARTS, RANKS, TITLES, Family, part_of
from indexer.sections.lines import RUN_IN, has_page, is_furniture, line_end, one_line, without_page
from indexer.sections.model import Divider, Gap, Heading, Key, Listing, Row

_WORD = lazy_pattern(r"[^\W_]+")
_BETWEEN_WORDS = r"\W{1,40}"
_MIN_TITLE_CHARS = 8
_MIN_PREFIX_WORDS = 2
_OPEN_WORDS = frozenset(("a", "an", "and", "by", "certain", "for", "in", "of", "on", "or", "the", "to", "with"))

_NUMBERED = lazy_pattern(
    r"\n[^\S\n]*(?P<number>1[0-6]|[1-9])(?P<letter>[A-Da-d])?(?:\(T\))?(?:\.[^\S\n]*|[):]?[^\S\n]+)"
    r"(?:[-–—][^\S\n]*)?(?P<title>\[?[^\W\d_][^\n]{3,299})(?=\n|\Z)"
)
_MIN_ROWS, _MOST_ROWS = 5, 5000
"""The least items without the word item in a table of contents, an index or the text; and the most in a report."""

_FOOT = lazy_pattern(
    r"""^[^\S\n]*(?:[-–—(]?[ ]?(?P<alone>[1-9][0-9]{0,2})[ ]?[-–—)]?
          |[^\n]{0,50}\bform\ 10-[KQ][^\S\n]+(?P<last>[1-9][0-9]{0,2})
          |(?P<first>[1-9][0-9]{0,2})[^\S\n][^\n]{0,50}\bform\ 10-[KQ])[^\S\n]*$""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_RANGE = lazy_pattern(r"(?<![-\w])([1-9][0-9]{0,2})(?:\s?[-–—]\s?([1-9][0-9]{0,2}))?(?![\w])")
_USUAL_TITLE = lazy_pattern(
    r"""^[^\w\n]*(?:(?:legal\ proceedings|risk\ factors|properties|cybersecurity|controls\ and\ procedures|exhibits)
        |(?:(?:consolidated\ |audited\ )?financial\ statements|management.s\ discussion\ and\ analysis
        |quantitative\ and\ qualitative\ disclosures?|market\ for\ (?:the\ )?registrant)[^\n]{0,120})[^\w\n]*$""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
"""A line that begins another part of any report."""
_RESERVED = lazy_pattern(r"\breserved\b", re.IGNORECASE)
"""The title of an item that the form no longer has; ``None`` or ``Not applicable`` may be a line of any item."""
_MAX_TABLES = 8
"""A report has a table of contents, and perhaps one for each part; each one costs a search for the items that only it
lists.
"""
_MIN_PAGES = 5
_MIN_RANGES = 2
_MAX_PAGE_STEP = 3
"""Pages may lack their number, but not more than two in a row."""


def bare_headings(text: str, family: Family, dividers: Sequence[Divider]) -> list[Heading]:
    """The lines of `text` with a number and the title of that item; `dividers` are the headings of parts.

    None of a text that is little but such lines: a filer decides how many there are.
    """
    headings: list[Heading] = []
    last: Key = (0, 0, "")
    above = list(reversed(dividers))
    stated = ""
    for line in _NUMBERED.finditer("\n" + text):
        number = int(line["number"])
        parts = PARTS[family].get(number)
        if parts is None:
            continue
        item = line["number"] + (line["letter"] or "").upper()
        start, end = line.start("number") - 1, line.end() - 1
        if run_in := RUN_IN.search(text, line.start("title"), end):
            end = run_in.end()
        title = text[line.start("title") - 1 : end]
        if not _begins(title, item, family, parts):
            continue
        while above and above[-1].start < start:
            stated = above.pop().part
        part, _ = part_of(family, item, title, parts, stated=stated, last=last)
        last = (RANKS.index(part) if family == "10-Q" else 0, number, item.removeprefix(line["number"]))
        stated = stated if family == "10-Q" or stated == part else ""
        heading = one_line(text[start:end])
        headings.append(Heading(part, item, (), heading, one_line(title), start, end, last, fits=True))
        if len(headings) > _MOST_ROWS:
            return []
    return headings


def _begins(title: str, item: str, family: Family, parts: Sequence[str]) -> bool:
    """Whether a line begins with the title that the form gives the item in one of these parts."""
    titles = TITLES[family]
    names = [f"{part} {item}" for part in parts] if family == "10-Q" else [item]
    return any(name in titles and titles[name].match(title.lstrip("[")) for name in names)


def has_enough(headings: Sequence[Heading], listings: Sequence[Listing]) -> bool:
    """Whether so many items without the word item are those of the form: in a table, or as `headings` in order."""
    return len(headings) >= _MIN_ROWS or any(len(listing.rows) >= _MIN_ROWS for listing in listings)


def with_titled(text: str, headings: Sequence[Heading], listings: Sequence[Listing]) -> list[Heading]:
    """`headings`, plus lines with the titles of items that a table of contents numbers and the headings lack.

    Such a line must be between the headings of the items before and after. If it is missing as well, the item begins
    with the first part of it that the table lists: financial statements often have only the headings of their parts.
    """
    taken = {heading.key for heading in headings}
    added: list[Heading] = []
    tables = [listing for listing in listings if len(listing.rows) > 1]
    for listing in tables[:_MAX_TABLES]:
        for number, row in enumerate(listing.rows):
            key = row.heading.key
            if key in taken or (row.is_complete and _RESERVED.search(row.heading.title) is None):
                continue
            start, end = _between(headings, key, listing.end, len(text))
            for title in _titles(text, listing, number):
                if place := _title_line(text, title, start, end, item=row.heading.item):
                    added.append(_titled(text, row, place))
                    taken.add(key)
                    break
    return sorted([*headings, *added], key=lambda heading: heading.start)


def _between(headings: Sequence[Heading], key: Key, start: int, length: int) -> tuple[int, int]:
    """Where an item with this key may be: after the previous items and before the following ones."""
    start = max([start, *(heading.body for heading in headings if heading.key < key)])
    return start, min(
        (heading.start for heading in headings if heading.key > key and heading.start > start), default=length
    )


def _titles(text: str, listing: Listing, number: int) -> Iterator[str]:
    """The title of an item in a table of contents, then the first part of it that the table lists.

    In a table with pages on its lines, a line without one may be the head of a page.
    """
    row = listing.rows[number]
    yield without_page(row.heading.title)
    stop = listing.rows[number + 1].heading.start if number + 1 < len(listing.rows) else listing.end
    for line in text[row.heading.body : stop].split("\n"):
        if not is_furniture(line.strip()):
            if has_page(line) or (row.gap in (Gap.ROWS, Gap.TITLES) and not row.has_inline_page):
                yield without_page(line)
            return


def _title_line(
    text: str, title: str, start: int, end: int, *, item: str = "", may_be_short: bool = False
) -> tuple[int, int] | None:
    """Begin and end of the first line between `start` and `end` that is `title` or its first words.

    The number of the `item` may stand before it: ``1A. Risk Factors``.

    A line with text after its title (``RISK FACTORS. We may …``) has the title in capitals.
    """
    words = _WORD.findall(title)
    if sum(map(len, words)) < _MIN_TITLE_CHARS:
        return None
    least = min(_MIN_PREFIX_WORDS, len(words)) if may_be_short else len(words)
    while least < len(words) and (
        words[least - 1].lower() in _OPEN_WORDS or sum(map(len, words[:least])) < _MIN_TITLE_CHARS
    ):
        least += 1
    more = ""
    for word in reversed(words[least:]):
        more = f"(?:{_BETWEEN_WORDS}{re.escape(word)}{more})?"
    written = _BETWEEN_WORDS.join(map(re.escape, words[:least])) + more
    number = rf"(?:{re.escape(item)}[^\w\n]{{1,9}})?" if item else ""
    line = re.compile(rf"^[^\w\n]*({number}{written})(?:[^\w\n]*$|\.[^\S\n])", re.IGNORECASE | re.MULTILINE)
    for found in line.finditer(text, start, end):
        if found.end() == line_end(text, found.end(1)) or found[1].isupper():
            return found.start(1), found.end()
    return None


def _titled(text: str, row: Row, place: tuple[int, int]) -> Heading:
    """The heading of a row's item, on the line with its title."""
    start, body = place
    heading = " ".join(text[start:body].split())
    return replace(row.heading, heading=heading, title=heading, start=start, body=body, fits=True)


@dataclass(frozen=True, slots=True)
class _Pages:
    """The begin and end of a report's printed pages, by their numbers; the text ends at `end`."""

    spans: Mapping[int, tuple[int, int]]
    end: int

    def span(self, page: int) -> tuple[int, int] | None:
        """The begin and end of a page including its number, or of the next numbered page. None after the last."""
        numbers = range(page, page + _MAX_PAGE_STEP)
        found = next((self.spans[number] for number in numbers if number in self.spans), None)
        if found is None and page - 1 in self.spans:  # the last page, whose number is below the index
            return self.spans[page - 1][1], self.end
        return found


@dataclass(frozen=True, slots=True)
class _Span:
    """An item's text. A line with a title after `last_page`, the beginning of its last page, ends it."""

    heading: Heading
    end: int
    last_page: int
    is_titled: bool


def from_index(text: str, index: Listing) -> list[tuple[Heading, int]]:
    """The headings, with the ends of their text, of items whose pages an index lists.

    An item begins with its title on its first page or, without such a line, with the page. It ends with its last page,
    or where another item begins there. Without page numbers in the text, titles alone decide. The pages are above the
    index, or below it if more text is there and the index has ranges of pages, which a table of contents has not.
    """
    start, end = 0, index.start
    if len(text) - index.end > index.start and sum(_has_range(row) for row in index.rows) >= _MIN_RANGES:
        start, end = min(index.end + 1, len(text)), len(text)
    pages = _pages(text, start, end)
    spans = _titled_spans(text, index, start, end) if not pages.spans else _paged_spans(text, index, pages)
    kept: list[_Span] = []
    for span in sorted(spans, key=lambda span: span.heading.start):
        if kept and span.heading.start < kept[-1].end:
            if not span.is_titled or span.heading.start < kept[-1].last_page:
                continue  # a part of the previous one
            kept[-1] = replace(kept[-1], end=span.heading.start)
        kept.append(span)
    return [(span.heading, span.end) for span in kept]


def _has_range(row: Row) -> bool:
    return any(first < last for first, last in _runs(row))


def _titled_spans(text: str, index: Listing, start: int, end: int) -> Iterator[_Span]:
    for row in index.rows:
        title = without_page(row.heading.title)
        if _runs(row) and (place := _title_line(text, title, start, end, may_be_short=True)):
            following = _USUAL_TITLE.search(text, place[1], end)
            yield _Span(_titled(text, row, place), following.start() if following else end, place[1], is_titled=True)


def _paged_spans(text: str, index: Listing, pages: _Pages) -> Iterator[_Span]:
    """A span for each item: its first pages that belong to no other item."""
    taken: list[_Span] = []
    for row, runs in sorted(((row, runs) for row in index.rows if (runs := _runs(row))), key=_by_first_page):
        for first, last in runs:
            span = _paged_span(text, row, pages.span(first), pages.span(last))
            if span and not any(other.heading.start < span.heading.start < other.last_page for other in taken):
                taken.append(span)
                yield span
                break


def _by_first_page(paged: tuple[Row, list[tuple[int, int]]]) -> tuple[int, int]:
    """Of two items that begin on one page, the longer comes first."""
    first, last = paged[1][0]
    return first, -last


def _paged_span(text: str, row: Row, first: tuple[int, int] | None, last: tuple[int, int] | None) -> _Span | None:
    if first is None or last is None:
        return None
    title = without_page(row.heading.title)
    place = _title_line(text, title, *first, may_be_short=True)
    heading = _titled(text, row, place or (first[0], first[0]))
    if place is None:
        heading = replace(heading, heading=without_page(row.heading.heading), title=title)
    return _Span(heading, max(last[1], heading.body), last[0], is_titled=place is not None)


def _runs(row: Row) -> list[tuple[int, int]]:
    """The page ranges of a row, first and last page of each: ``4-6, 78-80``."""
    written = row.heading.title[len(without_page(row.heading.title)) :]
    runs = [(int(found[1]), int(found[2] or found[1])) for found in _RANGE.finditer(written)]
    return [(first, last) for first, last in runs if first <= last]


def _pages(text: str, start: int, end: int) -> _Pages:
    """The pages of `text` from `start` to `end`: the longest sequence of lines with rising numbers."""
    best: dict[int, tuple[int, int]] = {}
    feet: list[tuple[int, int, int]] = []
    for found in _FOOT.finditer(text, start, end):
        number = int(found["alone"] or found["last"] or found["first"])
        length, previous = max(best.get(number - step, (0, -1)) for step in range(1, _MAX_PAGE_STEP + 1))
        feet.append((number, found.end(), previous))
        if length + 1 >= best.get(number, (0, -1))[0]:
            best[number] = (length + 1, len(feet) - 1)
    length, place = max(best.values(), default=(0, -1))
    spans: dict[int, tuple[int, int]] = {}
    while length >= _MIN_PAGES and place >= 0:
        number, foot, previous = feet[place]
        spans[number] = (feet[previous][1] + 1 if previous >= 0 else start, foot)
        place = previous
    return _Pages(spans, end)
