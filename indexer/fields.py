"""What of an entry goes into which field of an index, in every engine."""

from __future__ import annotations

from datetime import date
from typing import Any

from indexer.entries import IndexEntry

VALUE_FIELDS = ("form", "type", "item", "cik", "accession", "sic", "state", "file")
"""The fields whose values are found whole, folded by `indexer.entries.exact`, and without a score of their own."""


def document_of(entry: IndexEntry) -> dict[str, Any]:
    """The value of each field for `entry`; None where it has none, except that the numbers are then 0.

    A text for ``text`` and ``description``, names for ``name``, whole values for `VALUE_FIELDS`; ``filed`` and
    ``period`` are numbers like 20041222, ``accepted`` is one like 20041222160512, ``number`` the 18 digits of the
    accession number; ``record`` is what a hit is made from.
    """
    accepted = entry.acceptance_datetime
    return {
        "text": entry.text,
        "description": entry.description,
        "name": entry.names,
        "form": (entry.form,),
        "type": (entry.type,) if entry.type else None,
        "item": entry.items,
        "cik": tuple(str(int(entity.cik)) for entity in entry.entities if entity.cik is not None),
        "accession": (entry.accession,),
        "sic": tuple(str(sic) for sic in entry.sics),
        "state": entry.states,
        "file": entry.file_numbers,
        "filed": date_number(entry.filing_date),
        "period": date_number(entry.period_of_report),
        "accepted": int(accepted.strftime("%Y%m%d%H%M%S")) if accepted else 0,
        "number": int(entry.accession.digits),
        "record": entry.stored(),
    }


def date_number(day: date | None) -> int:
    """A date as an index holds it: 20041222, or 0 for none."""
    return day.year * 10_000 + day.month * 100 + day.day if day else 0
