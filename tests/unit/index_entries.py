"""Made-up index entries, for the tests of engines and of what they are made of."""

from __future__ import annotations

from datetime import date

from archiver.identifiers import AccessionNumber, FormType
from indexer.entries import IndexEntry


def accession(number: int) -> AccessionNumber:
    """A made-up accession number."""
    return AccessionNumber(f"0001193125-04-{number:06d}")


def entry(number: int, text: str, **values: object) -> IndexEntry:
    """A made-up entry of submission `number`."""
    base: dict[str, object] = {
        "accession": accession(number),
        "sha256": f"{number:064d}",
        "form": FormType("8-K"),
        "filing_date": date(2004, 12, 1),
        "acceptance_datetime": None,
        "period_of_report": None,
        "items": (),
        "entities": (),
        "names": (),
        "sics": (),
        "states": (),
        "file_numbers": (),
        "position": 0,
        "sequence": 1,
        "type": "8-K",
        "filename": None,
        "description": None,
        "text": text,
    }
    return IndexEntry(**(base | values))  # type: ignore[arg-type]
