"""Rows about the sections of filings, for data sets and data frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from indexer.notebook import frames
from indexer.sections.forms import matches_section
from indexer.sections.model import Section
from indexer.texts.model import StoredDocument, StoredSubmission

Row = dict[str, Any]

SECTION_COLUMNS = (
    "accession",
    "cik",
    "name",
    "form",
    "filing_date",
    "period",
    "sequence",
    "part",
    "item",
    "title",
    "text",
    "words",
    "is_reference",
)
"""The columns of a row of a section, in order."""

MOST_NAME_CHARS, MOST_PARTIES = 500, 500
"""The most of a name or form, and of a filing's entities and items, in what each of its documents or hits repeats.

EDGAR's names have at most 150 characters.
"""

_SHORT_CHARS = 2_000
"""Up to this length, `str.split` is fast enough; counting otherwise needs numpy, which takes a moment to import."""

_IN_WORD = bytes(code not in b" \t\n\v\f\r\x1c\x1d\x1e\x1f" for code in range(256))
"""Maps ASCII white space to 0 and every other byte to 1."""

_WIDE_SPACES = [
    character.encode()
    for character in (*"\x85\xa0\u1680", *map(chr, range(0x2000, 0x200B)), *"\u2028\u2029\u202f\u205f\u3000")
]
"""Non-ASCII white space according to `str.isspace`, in UTF-8."""

_ASCII = bytes(range(128))


class SectionRows(Iterator[Row]):
    """Rows of sections, each read from the archive when it is reached, or all remaining ones as a data frame."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows

    def __repr__(self) -> str:
        return "<SectionRows: iterate over them, or use to_pandas(), to_polars() or to_arrow()>"

    def __next__(self) -> Row:
        return next(self._rows)

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame` with dates as datetime64. Raises `UsageError` if pandas is not installed."""
        return frames.to_pandas(self, SECTION_COLUMNS)

    def to_polars(self) -> Any:
        """A `polars.DataFrame`. Raises `UsageError` if polars is not installed."""
        return frames.to_polars(self, SECTION_COLUMNS)

    def to_arrow(self) -> Any:
        """A `pyarrow.Table`. Raises `UsageError` if pyarrow is not installed."""
        return frames.to_arrow(self, SECTION_COLUMNS)


def filing_facts(filing: StoredSubmission, *, filing_date: date) -> Row:
    """The columns about the filing; `filing_date` is the catalogue's, for a header without one."""
    entity = next((one for one in filing.header.entities if one.cik is not None), None)
    return {
        "accession": str(filing.accession),
        "cik": int(entity.cik) if entity and entity.cik is not None else None,
        "name": entity.name[:MOST_NAME_CHARS] if entity else None,
        "form": str(filing.header.form)[:MOST_NAME_CHARS],
        "filing_date": filing.header.filing_date or filing_date,
        "period": filing.header.period_of_report,
    }


def section_rows(document: StoredDocument, facts: Row, *, names: Sequence[str] = ()) -> Iterator[Row]:
    """A row for each section of a document, or for those that match one of `names` (``1A``, ``risk-factors``).

    `facts` are the `filing_facts`. Raises `UsageError` for an invalid name.
    """
    chosen = chosen_sections(document, names)
    text = document.text() if chosen else ""
    for section in chosen:
        part = text[section.start : section.end]
        yield {
            **facts,
            "sequence": document.sequence,
            "part": section.part,
            "item": section.item,
            "title": section.heading,
            "text": part,
            "words": count_split_words(part),
            "is_reference": section.is_reference,
        }


def chosen_sections(document: StoredDocument, names: Sequence[str]) -> list[Section]:
    """The sections of a document that match one of `names`; all of them without names."""
    return [
        section
        for section in document.sections()
        if not names or any(matches_section(section, name, form=document.type) for name in names)
    ]


def count_split_words(text: str) -> int:
    """The number of words of a text: runs without white space, as `str.split` counts, in a fifth of the time."""
    if len(text) <= _SHORT_CHARS:
        return len(text.split())
    import numpy as np  # noqa: PLC0415 — nothing else here needs it

    data = text.encode(errors="surrogatepass")
    if not text.isascii():
        beyond_ascii = data.translate(None, _ASCII)  # short, so that searching for each costs next to nothing
        for space in _WIDE_SPACES:
            if space in beyond_ascii:
                data = data.replace(space, b" ")
    in_word = np.frombuffer(data.translate(_IN_WORD), np.bool_)
    return int(in_word[0]) + int(np.count_nonzero(in_word[1:] > in_word[:-1]))
