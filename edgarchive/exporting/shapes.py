"""Rows in the layouts of other data sets of EDGAR filings, for code written for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum

from archiver.errors import UsageError
from edgarchive.exporting.rows import Shape
from edgarchive.exporting.tables import Column, Table
from indexer.section_rows import Row
from indexer.sections.forms import family_of
from indexer.texts.model import StoredDocument, StoredSubmission

CORPUS_ITEMS = ("1", "1A", "1B", "2", "3", "4", "5", "6", "7", "7A", "8", "9", "9A", "9B", *map(str, range(10, 16)))
"""The items of EDGAR-CORPUS (Loukas et al., 2021), in the order of its columns."""

CORPUS_COLUMNS = (
    Column("filename", "text", "CIK, form, year and accession number"),
    Column("cik", "text", "CIK of the first entity that has one"),
    Column("year", "text", "year of the filing date"),
    *(Column(f"section_{item}", "text", f"text of item {item}; empty without it") for item in CORPUS_ITEMS),
)

_ANNUAL = ("1", "1A", "1B", "1C", *CORPUS_ITEMS[3:14], "9C", *map(str, range(10, 17)))
_QUARTERLY = (*(f"part_1_item_{item}" for item in "1234"), *(f"part_2_item_{item}" for item in ("1", "1A", *"23456")))
_CURRENT = (
    *("1.01", "1.02", "1.03", "1.04", "1.05", "2.01", "2.02", "2.03", "2.04", "2.05", "2.06", "3.01", "3.02", "3.03"),
    *("4.01", "4.02", "5.01", "5.02", "5.03", "5.04", "5.05", "5.06", "5.07", "5.08"),
    *("6.01", "6.02", "6.03", "6.04", "6.05", "7.01", "8.01", "9.01"),
)
_RENUMBERED = date(2004, 8, 23)
"""From then on, the items of an 8-K have their present numbers."""

_ARABIC = {"I": "1", "II": "2", "III": "3", "IV": "4"}


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


def edgar_corpus(filing: StoredSubmission, sections: Sequence[Row]) -> list[Row]:
    """One row per annual report: ``filename, cik, year, section_1, …``; a missing item is an empty text."""
    if not sections or not sections[0]["form"].upper().startswith(("10-K", "10K")):
        return []
    first = sections[0]
    texts: dict[str, str] = {}
    for row in sections:
        texts.setdefault(_plain_item(row["item"]), row["text"])
    return [
        {
            "filename": _filename(first, _main(filing, sections), first["filing_date"]),
            "cik": str(first["cik"] or ""),
            "year": str(first["filing_date"].year),
            **{f"section_{item}": texts.get(item, "") for item in CORPUS_ITEMS},
        }
    ]


def edgar_crawler(filing: StoredSubmission, sections: Sequence[Row]) -> list[Row]:
    """One object per filing with the keys of EDGAR-CRAWLER: ``item_1A`` in a 10-K, ``part_2_item_1A`` in a 10-Q.

    A missing item is an empty text, a missing fact null.
    """
    if not sections:
        return []
    first, main = sections[0], _main(filing, sections)
    accession, cik = filing.accession, first["cik"]
    entity = next((one for one in filing.header.entities if one.cik == cik), None)
    place = entity.business_address if entity else None
    base = f"https://www.sec.gov/Archives/edgar/data/{cik or 0}"
    is_html = main is not None and main.kind == "html" and main.filename is not None
    return [
        {
            "cik": str(cik or ""),
            "company": first["name"],
            "filing_type": first["form"],
            "filing_date": first["filing_date"],
            "period_of_report": first["period"],
            "sic": str(entity.sic) if entity and entity.sic is not None else None,
            "state_of_inc": entity.state_of_incorporation if entity else None,
            "state_location": place.state if place else None,
            "fiscal_year_end": entity.fiscal_year_end if entity else None,
            "filing_html_index": f"{base}/{accession}-index.html",
            "htm_filing_link": f"{base}/{accession.digits}/{main.filename}" if main and is_html else None,
            "complete_text_filing_link": f"{base}/{accession}.txt",
            "filename": _filename(first, main, first["period"] or first["filing_date"]),
            **_items(sections),
        }
    ]


def _items(sections: Sequence[Row]) -> dict[str, str]:
    """The texts under EDGAR-CRAWLER's keys, in the order of the form; in a 10-Q after the text of each part."""
    first = sections[0]
    match family_of(first["form"]):
        case "10-Q":
            keys: Iterable[str] = _QUARTERLY
        case "8-K":
            codes = _CURRENT if first["filing_date"] >= _RENUMBERED else map(str, range(1, 13))
            keys = (f"item_{code}" for code in codes)
        case _:
            keys = (f"item_{item}" for item in _ANNUAL)
    texts = dict.fromkeys(keys, "")
    for row in sections:
        key = _key(row)
        texts[key] = texts.get(key) or row["text"]
    found: dict[str, str] = {}
    for key, text in texts.items():
        part, is_in_part, _ = key.partition("_item_")
        if is_in_part and part not in found:
            found[part] = "\n".join(row["text"] for row in sections if _key(row).startswith(f"{part}_"))
        found[key] = text
    return found


def _key(row: Row) -> str:
    item = row["item"] if "." in row["item"] else _plain_item(row["item"])
    is_quarterly = family_of(row["form"]) == "10-Q" and row["part"]
    return f"part_{_ARABIC.get(row['part'], row['part'])}_item_{item}" if is_quarterly else f"item_{item}"


def _main(filing: StoredSubmission, sections: Sequence[Row]) -> StoredDocument | None:
    """The document that the sections are from."""
    return next((one for one in filing.documents if one.sequence == sections[0]["sequence"]), None)


def _filename(first: Row, main: StoredDocument | None, day: date) -> str:
    """``320193_10K_2022_0000320193-22-000108.htm``; in EDGAR-CRAWLER the year is that of the period of report."""
    form = re.sub(r"[-/ ]", "", first["form"])
    suffix = "txt" if main is not None and main.kind == "text" else "htm"
    return f"{first['cik'] or 0}_{form}_{day.year}_{first['accession']}.{suffix}"


def _plain_item(item: str) -> str:
    """``9A(T)`` is ``9A``."""
    return item.partition("(")[0].upper()
