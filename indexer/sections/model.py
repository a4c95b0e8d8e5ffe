"""What the modules of this package hand to each other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

Key = tuple[int, int, str]
"""Part (0 where the form numbers its items through), number and letter: the order of a form's items."""


class Gap(IntEnum):
    """What stands between a heading and the next line that may be one."""

    EMPTY = 0
    """Nothing but page numbers, running titles and headings of parts."""
    ROWS = 1
    """Lines that each end with a page number, as the lesser entries of a table of contents."""
    TITLES = 2
    """A few short lines without a sentence."""
    TEXT = 3
    """Words of the item's own."""


@dataclass(frozen=True, slots=True)
class Section:
    """One item of a report: `heading` as it is written, on one line; its text from `start` to `end`, heading included.

    `part` is ``I`` to ``IV``, None in an 8-K. `item` is its number, such as ``7A``, ``9A(T)`` or ``5.02``; where one
    heading stands for several items (``Items 1 and 2.``), that of the first, and `also` has the others.
    `is_reference` says that the text only names another place: "incorporated by reference", "see page 28".
    """

    part: str | None
    item: str
    heading: str
    start: int
    end: int
    also: tuple[str, ...] = ()
    is_reference: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """A line that may be a heading: it begins at `start`, and what stands under it begins at `body`.

    `title` is the heading without word and number, `fits` says that it is the title of the item in the form. `is_sure`
    is false for a spelling that only a title that fits, or its place among the other items, makes a heading.
    """

    part: str
    item: str
    also: tuple[str, ...]
    heading: str
    title: str
    start: int
    body: int
    key: Key
    fits: bool


@dataclass(frozen=True, slots=True)
class Divider:
    """The heading of a part, on a line of its own, from `start` to `end`."""

    part: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Row:
    """A heading among its neighbours: what stands under it, and whether it is written as an entry with its page."""

    heading: Heading
    gap: Gap
    has_page: bool
    is_complete: bool
    """The line says all there is to the item: ``Item 6. [Reserved]``, ``Item 4. Mine Safety Disclosures: none``."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A table of contents or an index of items: its rows, and where it begins and ends."""

    rows: tuple[Row, ...]
    start: int
    end: int
