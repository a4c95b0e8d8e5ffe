"""Plain values that pass between the packages of this floor."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from archiver.identifiers import AccessionNumber, Cik, FormType


class MasterIndexEntry(NamedTuple):
    """One row: an entity (`cik`, `company_name`) of the submission `accession`.

    A named tuple, because a plan makes 23 million of them and a tuple is made in a third of a dataclass's time.
    """

    cik: Cik
    company_name: str
    form: FormType
    filing_date: date
    accession: AccessionNumber
