"""Tables of contents and indexes of items, which name every item but contain none.

Their rows are close together and in order, with no text of the items in between. Most have page numbers, or the same
items appear elsewhere with their text. Short items (``None.``) can be as close but are not such rows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from archiver.startup.patterns import lazy_pattern
from indexer.sections.forms import PARTS, Family
from indexer.sections.lines import (
    gap_of,
    has_one_page,
    has_page,
    has_prose,
    is_complete,
    is_page_alone,
    line_before,
    line_start,
    without_page,
)
from indexer.sections.model import Gap, Heading, Key, Listing, Row

_MAX_GAP_CHARS = 1500
"""More than this is text, which need not be examined."""
_LISTING_TITLE = lazy_pattern(
    r"\b(?:(?:cross[\s-]*)?reference\s+(?:index|table|sheet)|table\s+of\s+contents|index|contents)\b", re.IGNORECASE
)
_SIGNATURE = lazy_pattern(r"^[^\S\n]*S ?I ?G ?N ?A ?T ?U ?R ?E ?S?[^\S\n]*$", re.IGNORECASE | re.MULTILINE)
_MIN_PAGED_SHARE = 0.25
"""The least share of a report's text below headings with page numbers, unless there are `_MIN_PAGED` of them."""
_MIN_PAGED = 3
_MAX_PAGED_ROWS = 6
"""The most lines with page numbers for each of them that is a heading: a report may have several tables."""
_ABOVE_LINES = 4
_MAX_TITLE_CHARS = 80
_HEADED = 2
"""A running title followed by the heading of another item looks like a list with this many rows."""


def rows_of(text: str, headings: Sequence[Heading], family: Family) -> list[Row]:
    """`headings` with the text under each."""
    rows = []
    for number, heading in enumerate(headings):
        end = headings[number + 1].start if number + 1 < len(headings) else len(text)
        under = text[heading.body : min(line_start(text, end), heading.body + _MAX_GAP_CHARS)]
        is_text = line_start(text, end) > heading.body + _MAX_GAP_CHARS or has_prose(heading.title)
        gap = Gap.TEXT if is_text else gap_of(under)
        if family == "8-K" and gap is Gap.TITLES and _SIGNATURE.search(under):
            gap = Gap.ROWS
        first = next((line for line in under.split("\n") if line.strip()), "")
        inline = has_page(heading.title)
        paged = inline or (
            gap is not Gap.TEXT
            and (is_page_alone(first) or (bool(first) and not under.startswith("\n\n") and has_page(first)))
        )
        rows.append(Row(heading, gap, paged, inline, is_complete(heading.title)))
    return _without_pages(rows, text, family)


def _without_pages(rows: list[Row], text: str, family: Family) -> list[Row]:
    """`rows`, without the page number in those that are headings: ``Item 2. Properties 12`` with the text below it."""
    paged = [number for number, row in enumerate(rows) if row.has_inline_page]
    if not paged:
        return rows
    headings = list(_paged_headings(rows, family))
    ends = [*(row.heading.start for row in rows[1:]), len(text)]
    chars = sum(ends[number] - rows[number].heading.body for number in headings)
    is_much = chars >= _MIN_PAGED_SHARE * len(text) or len(headings) >= _MIN_PAGED
    if family == "8-K" or (is_much and len(paged) <= _MAX_PAGED_ROWS * len(headings)):
        for number in headings:
            heading = rows[number].heading
            bare = replace(heading, heading=without_page(heading.heading), title=without_page(heading.title))
            rows[number] = replace(rows[number], heading=bare, has_page=False, has_inline_page=False)
    return rows


def _paged_headings(rows: Sequence[Row], family: Family) -> Iterator[int]:
    """The places of rows that have a page number and the text of an item below, and are its only heading.

    The last row of a table of contents also has text below it, but the row above it has none.
    """
    told = {
        row.heading.key
        for above, row in zip([None, *rows], rows, strict=False)
        if row.gap is Gap.TEXT and not row.has_inline_page and (above is None or above.gap > Gap.EMPTY)
    }
    is_open, is_below_heading, last = True, False, None
    for number, row in enumerate(rows):
        has_text = row.gap is Gap.TEXT or row.is_complete
        if last is not None and row.heading.key <= last:
            is_open = True
        is_last = family == "8-K" and number == len(rows) - 1
        has_some = has_text or (row.gap > Gap.EMPTY and (is_below_heading or is_last))
        is_below_heading = has_some and is_open and row.heading.key not in told and has_one_page(row.heading.title)
        if is_below_heading:
            yield number
        is_open, last = has_text or is_below_heading, row.heading.key


def split_listings(text: str, rows: Sequence[Row], family: Family) -> tuple[list[Heading], list[Listing]]:
    """The headings that are not rows of a table of contents or index, and those tables and indexes."""
    spoken = Counter(row.heading.key for row in rows if row.gap is Gap.TEXT and not row.has_inline_page)
    headings: list[Heading] = []
    listings: list[Listing] = []
    current: Key | None = None
    for group in _groups(rows):
        if group[0].heading.key == current:  # a running title
            headings.append(group.pop(0).heading)
        if not group:
            continue
        title = _title_above(text, group[0].heading.start)
        if _is_listing(group, spoken, family, is_titled=title is not None):
            last = group[-1]
            if (
                len(group) == _HEADED and last.gap is Gap.TEXT and spoken[last.heading.key] == 1
            ):  # below a running title
                headings.append(group.pop().heading)
                current = last.heading.key
            else:
                current = None
            start = line_start(text, group[0].heading.start) if title is None else title
            listings.append(Listing(tuple(group), start, group[-1].heading.body, is_titled=title is not None))
        else:
            headings += [row.heading for row in group]
            current = group[-1].heading.key
    return headings, listings


def _groups(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """`rows` split where there is text in between, or where the items start again."""
    group: list[Row] = []
    for row in rows:
        if group and (
            (group[-1].gap is Gap.TEXT and not group[-1].has_inline_page) or row.heading.key <= group[-1].heading.key
        ):
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def _is_listing(group: Sequence[Row], spoken: Mapping[Key, int], family: Family, *, is_titled: bool) -> bool:
    """Whether a group of rows without text in between is a table of contents or an index."""
    open_rows = [row for row in group if not row.is_complete]
    paged = sum(row.has_page for row in open_rows)
    if len(group) == 1:
        return group[0].has_inline_page or (
            family == "8-K" and group[0].gap < Gap.TEXT and group[0].heading.key in spoken
        )
    bare = [row for row in group[:-1] if not row.is_complete and not row.has_page]
    again = sum(row.heading.key in spoken for row in bare)
    if paged and 2 * paged >= len(open_rows):
        return True
    if again and 2 * again >= len(bare):
        return True
    possible = sum(max(1, len(parts)) for parts in PARTS[family].values())
    return (bool(bare) and 3 * len(group) >= 2 * possible) or (
        is_titled and len(group) > _HEADED and bool(paged or bare)
    )


def _title_above(text: str, start: int) -> int | None:
    """The beginning of the title of a table of contents or index just above `start`; None without one."""
    place = line_start(text, start)
    for _ in range(_ABOVE_LINES):
        if not place:
            return None
        line = line_before(text, place)
        place = line_start(text, place - 1)
        if len(line) <= _MAX_TITLE_CHARS and _LISTING_TITLE.search(line):
            return place
        if line.rstrip().endswith((".", ";")):
            return None
    return None
