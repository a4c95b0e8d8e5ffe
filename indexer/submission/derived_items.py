"""The items of a Form 8-K whose header leaves them blank, from the headings of its main document.

The headers of 8-Ks from October 1997 to August 2001 have ``ITEM INFORMATION`` lines without a value, and so have those
from March 2003 to August 2004 for item 12.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Protocol

from archiver.startup.patterns import lazy_pattern
from indexer.sections.forms import family_of
from indexer.sections.sections import sections
from indexer.submission.header import SubmissionHeader
from indexer.submission.items import RENUMBERED

_LABELS = ("ITEM INFORMATION", "ITEMS")
_WORDS_FOR_NOTHING = r"\W*(?:not\s+applicable|inapplicable|none|n/?a|no\s+(?:response|change))\W*"
_NOTHING = lazy_pattern(_WORDS_FOR_NOTHING, re.IGNORECASE)
_ENDS_IN_NOTHING = lazy_pattern(rf"[\s.:;–—-]{_WORDS_FOR_NOTHING}\Z", re.IGNORECASE)


class TextDocument(Protocol):
    """A document of a submission: its type and its text."""

    @property
    def type(self) -> str:
        """EDGAR's type, such as ``8-K``."""

    def text(self) -> str:
        """The extracted text."""


def with_derived_items(header: SubmissionHeader, documents: Iterable[TextDocument]) -> SubmissionHeader:
    """`header` with the codes that it left blank added after the stated ones; unchanged if none are blank.

    The codes are those that the main one of `documents` has a section for and the header does not state, in the
    numbering in force on the filing date and with content (``Item 3. Not applicable.`` is not reported).
    """
    if not has_blank_items(header):
        return header
    main = next((document for document in documents if family_of(document.type) == "8-K"), None)
    found = () if main is None else items_in(main.text(), form=main.type, filing_date=header.filing_date)
    derived = tuple(item for item in found if item not in header.items)
    return replace(header, items=(*header.items, *derived), items_derived=True) if derived else header


def has_blank_items(header: SubmissionHeader) -> bool:
    """Whether the header of a Form 8-K has an item line without an item."""
    if family_of(header.form) != "8-K":
        return False
    stated = [header.fields.get(label) for label in _LABELS]
    return any(value == "" or (isinstance(value, list) and "" in value) for value in stated)


def items_in(text: str, *, form: str, filing_date: date | None) -> tuple[str, ...]:
    """The codes of the items that `text`, the main document of a Form 8-K, reports, by number.

    Without a `filing_date`, both numberings are accepted.
    """
    items: set[str] = set()
    for section in sections(text, form=form):
        body = text[section.start : section.end]
        if not _says_nothing(body, section.heading):
            items.update((section.item, *section.also))
    return tuple(sorted((item for item in items if _is_in_force(item, filing_date)), key=_number))


def _says_nothing(body: str, heading: str) -> bool:
    """Whether an item has no content, as in ``Item 3. Bankruptcy. None``."""
    rest = " ".join(body.split()).removeprefix(heading).strip(" .")
    return _NOTHING.fullmatch(rest) is not None or (not rest and _ENDS_IN_NOTHING.search(heading) is not None)


def _is_in_force(item: str, filing_date: date | None) -> bool:
    return filing_date is None or ("." in item) == (filing_date >= RENUMBERED)


def _number(item: str) -> tuple[int, int]:
    whole, _, hundredths = item.partition(".")
    return int(re.sub(r"\D", "", whole)), int(hundredths or 0)
