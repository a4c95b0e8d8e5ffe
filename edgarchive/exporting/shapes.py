"""Rows in the layouts of other data sets of EDGAR filings, for code written for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

from archiver.errors import UsageError
from edgarchive.exporting.tables import Table
from indexer.rows import Row

Shape = Callable[[Sequence[Row]], list[Row]]
"""Converts the rows of one filing's sections."""

CORPUS_ITEMS = ("1", "1A", "1B", "2", "3", "4", "5", "6", "7", "7A", "8", "9", "9A", "9B", *map(str, range(10, 16)))
"""The items of EDGAR-CORPUS (Loukas et al., 2021), in the order of its columns."""

CORPUS_COLUMNS = ("filename", "cik", "year", *(f"section_{item}" for item in CORPUS_ITEMS))


class ShapeName(StrEnum):
    """The available shapes."""

    EDGAR_CORPUS = "edgar-corpus"
    EDGAR_CRAWLER = "edgar-crawler"


def shape(name: ShapeName | None, table: Table) -> Shape | None:
    """The conversion to that shape; None for our own. Raises `UsageError` for a table without sections."""
    if name is None:
        return None
    if table is not Table.SECTIONS:
        raise UsageError(f"--shape {name} is for sections", "export sections")
    return edgar_corpus if name is ShapeName.EDGAR_CORPUS else edgar_crawler


def edgar_corpus(sections: Sequence[Row]) -> list[Row]:
    """One row per annual report: ``filename, cik, year, section_1, …``; a missing item is an empty text."""
    if not sections or not sections[0]["form"].upper().startswith(("10-K", "10K")):
        return []
    first = sections[0]
    texts: dict[str, str] = {}
    for row in sections:
        texts.setdefault(_plain_item(row["item"]), row["text"])
    year = first["filing_date"].year
    return [
        {
            "filename": f"{first['cik'] or 0}_{first['form'].replace('/', '')}_{year}_{first['accession']}.htm",
            "cik": str(first["cik"] or ""),
            "year": str(year),
            **{f"section_{item}": texts.get(item, "") for item in CORPUS_ITEMS},
        }
    ]


def edgar_crawler(sections: Sequence[Row]) -> list[Row]:
    """One object per filing with the keys of EDGAR-CRAWLER: ``item_1A`` in a 10-K, ``part_2_item_1A`` in a 10-Q."""
    if not sections:
        return []
    first = sections[0]
    accession, cik = first["accession"], first["cik"]
    base = f"https://www.sec.gov/Archives/edgar/data/{cik or 0}"
    row: Row = {
        "cik": str(cik or ""),
        "company": first["name"],
        "filing_type": first["form"],
        "filing_date": first["filing_date"],
        "period_of_report": first["period"],
        "filename": f"{cik or 0}_{first['form'].replace('/', '')}_{first['filing_date'].year}_{accession}.htm",
        "complete_text_filing_link": f"{base}/{accession}.txt",
        "filing_html_index": f"{base}/{accession}-index.htm",
    }
    quarterly = first["form"].upper().startswith("10-Q")
    for section in sections:
        item = section["item"] if "." in section["item"] else _plain_item(section["item"])
        part = f"part_{_ARABIC.get(section['part'], section['part'])}_" if quarterly and section["part"] else ""
        row.setdefault(f"{part}item_{item}", section["text"])
    return [row]


_ARABIC = {"I": "1", "II": "2", "III": "3", "IV": "4"}


def _plain_item(item: str) -> str:
    """``9A(T)`` is ``9A``."""
    return item.partition("(")[0].upper()
