"""Finding the sections of a 10-K, 10-Q or 8-K in its text.

Forms number what a company must report: items, which in a 10-K and 10-Q are grouped in parts. A heading is
distinguished from a reference by how it is written (`headings`), from an entry of a table of contents by its
surroundings (`listings`), and from other lines, if the form fixes the order of its items, by whether it fits in
(`_in_order`). Items without a number in the text are found by the titles and pages in a table of contents or an index
(`unnumbered`).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice

from archiver.startup.patterns import lazy_pattern
from indexer.sections.forms import Family, family_of
from indexer.sections.headings import find_headings
from indexer.sections.listings import rows_of, split_listings
from indexer.sections.model import Heading, Key, Listing, Section
from indexer.sections.spans import cut, titled
from indexer.sections.unnumbered import bare_headings, from_index, has_enough, with_titled

__all__ = ["Section", "sections"]

_MIN_STRAY_CHARS = 200
"""A heading out of order needs at least this much text, or it is a reference."""

_LONG_CHARS, _MOST_ITEMS = 200_000, 20_000
"""A text of more characters, with the word item more often, is not a report."""
_WORD_ITEM = lazy_pattern(r"I ?T ?E ?M", re.IGNORECASE)

_INDEXED = 3
"""If a list has this many times more items than the body has headings, it is the report's only numbering."""


def sections(text: str, *, form: str) -> tuple[Section, ...]:
    """The sections of `text`, the text of a document of type `form`, in order and without overlaps.

    Only a 10-K, 10-KSB, 10-Q or 8-K and their variants (``10-K405``, ``10-KT``, amendments) have sections. The last one
    ends before the signatures. The time is linear in the length of `text`. A text that is little but the word item has
    none: each line that may be a heading takes long, and a filer decides how many there are.
    """
    family = family_of(form)
    if family is None or _is_of_items(text):
        return ()
    lines = find_headings(text, family)
    candidates = lines.headings
    if any("." in heading.item for heading in candidates):  # in a current 8-K, Item 1 is defined by the filer
        candidates = tuple(heading for heading in candidates if "." in heading.item)
    headings, listings = _split(text, candidates, family)
    places: Sequence[int] = lines.places
    if not listings and family != "8-K":
        bare = bare_headings(text, family, lines.dividers)
        found, tables = _split(text, bare, family)
        if headings:
            listings = [table for table in tables if has_enough((), [table])]
        elif has_enough(_in_order(text, _joined(found, tables), tables), tables):
            headings, listings = found, tables
            places = sorted({*places, *(heading.start for heading in bare)})
    headings = _joined(headings, listings)
    if family != "8-K":
        headings = with_titled(text, _in_order(text, headings, listings), listings)
        index = max(listings, key=lambda listing: len(listing.rows), default=None)
        if index is not None and len(index.rows) > _INDEXED * len(headings):
            spans = from_index(text, index)
            if len(spans) > _INDEXED * len(headings):
                return tuple(titled(text, spans))
    return tuple(cut(text, places, headings, lines.dividers, listings))


def _is_of_items(text: str) -> bool:
    """Whether a long text has the word item more often than any report."""
    if len(text) < _LONG_CHARS:
        return False
    return next(islice(_WORD_ITEM.finditer(text), _MOST_ITEMS, None), None) is not None


def _split(text: str, candidates: Sequence[Heading], family: Family) -> tuple[list[Heading], list[Listing]]:
    """Headings and listings. A line like a sentence is a heading only if its item has no other outside of listings."""
    sure = [heading for heading in candidates if not heading.is_sentence]
    headings, listings = split_listings(text, rows_of(text, sure, family), family)
    told = {heading.key for heading in headings}
    kept = [heading for heading in candidates if not heading.is_sentence or heading.key not in told]
    return split_listings(text, rows_of(text, kept, family), family) if len(kept) > len(sure) else (headings, listings)


def _joined(headings: Sequence[Heading], listings: Sequence[Listing]) -> list[Heading]:
    """`headings` without those that only continue an item, such as ``Item 7 (continued)`` at the top of a page.

    After a table of contents no item continues. In a report, a heading with the form's title continues none without it.
    """
    kept: list[Heading] = []
    last: tuple[Key, int] | None = None
    starts = [listing.start for listing in listings if listing.is_own]
    for heading in headings:
        place = (heading.key, bisect_left(starts, heading.start))
        if place != last or (heading.part and heading.fits and not kept[-1].fits):
            kept.append(heading)
        last = place
    return kept


def _in_order(text: str, headings: Sequence[Heading], listings: Sequence[Listing]) -> list[Heading]:
    """The headings of the items of a report, in the order of its text.

    First the best rising sequence: most fitting titles, then most items, then most text. Then items that it lacks but
    that have a title and text of their own elsewhere: some reports give item 2 before item 1. Each begins with its
    first heading with text after the item before it: running titles repeat it, and a reference may be among them.
    """
    length = len(text)
    below = [
        (headings[number + 1].start if number + 1 < len(headings) else length) - heading.body
        for number, heading in enumerate(headings)
    ]
    row = _rising(headings, below)
    taken = {headings[number].key for number in row}
    for number, heading in enumerate(headings):
        if heading.fits and heading.key not in taken and below[number] >= _MIN_STRAY_CHARS:
            row.append(number)
            taken.add(heading.key)
    return list(_begun(sorted(row), headings, below, listings))


def _begun(
    row: Sequence[int], headings: Sequence[Heading], below: Sequence[int], listings: Sequence[Listing]
) -> Iterator[Heading]:
    """The headings in `row`, or an earlier one of the same item with text, after the one before and the same list."""
    lists = [listing.start for listing in listings if listing.is_own]
    first = 0
    for number in row:
        last = headings[number]
        for earlier in range(first, number + 1):
            heading = headings[earlier]
            is_same = heading.key == last.key and heading.fits >= last.fits
            is_here = bisect_left(lists, heading.start) == bisect_left(lists, last.start)
            if earlier == number or (is_same and is_here and below[earlier] >= _MIN_STRAY_CHARS):
                yield heading
                first = earlier + 1
                break


def _rising(headings: Sequence[Heading], below: Sequence[int]) -> list[int]:
    best: dict[Key, tuple[tuple[int, int], int]] = {}
    before: list[int] = []
    for number, heading in enumerate(headings):
        lower = [found for key, found in best.items() if key < heading.key]
        (weight, chars), previous = max(lower, default=((0, 0), -1))
        total = (weight + (2 if heading.fits else 1), chars + below[number])
        before.append(previous)
        if heading.key not in best or total > best[heading.key][0]:
            best[heading.key] = (total, number)
    row: list[int] = []
    _, number = max(best.values(), default=((0, 0), -1))
    while number >= 0:
        row.append(number)
        number = before[number]
    return row[::-1]
