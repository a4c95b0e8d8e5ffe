"""The values that the modules of this package exchange."""

from __future__ import annotations

from enum import IntEnum

from archiver.startup.dataclass import dataclass

Key = tuple[int, int, str]
"""Part (0 if the form numbers its items throughout), number and letter: the order of a form's items."""


class Gap(IntEnum):
    """What is between a heading and the next line that may be one."""

    EMPTY = 0
    """Only page numbers, running titles and headings of parts."""
    ROWS = 1
    """Lines that each end with a page number, like minor entries of a table of contents."""
    TITLES = 2
    """A few short lines without a sentence."""
    TEXT = 3
    """Text of the item."""


@dataclass(frozen=True, slots=True)
class Section:
    """One item of a report: its `heading` on one line; its text, including the heading, from `start` to `end`.

    `part` is ``I`` to ``IV``, None in an 8-K. `item` is its number, such as ``7A``, ``9A(T)`` or ``5.02``; if one
    heading covers several items (``Items 1 and 2.``), that of the first, with the others in `also`. `is_reference`: the
    text only refers to another place: "incorporated by reference", "see page 28".
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
    """A line that may be a heading: it begins at `start`, and the text under it begins at `body`.

    `title` is the heading without word and number; `fits`: it is the form's title of the item. `is_sentence`: the line
    reads like a sentence about the item, and is a heading only if the item has no other.
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
    is_sentence: bool = False


@dataclass(frozen=True, slots=True)
class Divider:
    """The heading of a part, on its own line, from `start` to `end`."""

    part: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Row:
    """A heading in context: the text under it, and whether it looks like an entry with a page number."""

    heading: Heading
    gap: Gap
    has_page: bool
    has_inline_page: bool
    """The number is on the line itself, not below it."""
    is_complete: bool
    """The line is the whole item: ``Item 6. [Reserved]``, ``Item 4. Mine Safety Disclosures: none``."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A table of contents or an index of items: its rows, and where it begins (with its title, if any) and ends."""

    rows: tuple[Row, ...]
    start: int
    end: int
    is_titled: bool

    @property
    def is_own(self) -> bool:
        """Whether most rows have the form's titles, unlike a list of the items of reports on Form 8-K."""
        return 2 * sum(row.heading.fits for row in self.rows) > len(self.rows)
