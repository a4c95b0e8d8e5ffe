"""EDGAR's addresses (sec.gov, "Accessing EDGAR Data")."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from archiver.identifiers import AccessionNumber, Cik
from archiver.startup.dataclass import dataclass

FIRST_QUARTER_YEAR = 1993


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """A calendar quarter, the unit of EDGAR's full index."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Quarter:
        """The quarter of `day`."""
        return cls(day.year, (day.month - 1) // 3 + 1)

    @property
    def first_day(self) -> date:
        """Its first day."""
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def last_day(self) -> date:
        """Its last day."""
        return date(self.year, 3 * self.number, 31 if self.number in {1, 4} else 30)

    @property
    def folder(self) -> str:
        """Its folder in EDGAR's index trees and in the Feed."""
        return f"{self.year}/QTR{self.number}"

    def __str__(self) -> str:
        return f"{self.year} Q{self.number}"


def quarters(since: date | None, until: date) -> Iterator[Quarter]:
    """All quarters from `since` (None: EDGAR's first year) to `until`, newest first."""
    first = Quarter.of(since) if since else Quarter(FIRST_QUARTER_YEAR, 1)
    first = max(first, Quarter(FIRST_QUARTER_YEAR, 1))
    quarter = Quarter.of(until)
    while quarter >= first:
        yield quarter
        quarter = Quarter(quarter.year, quarter.number - 1) if quarter.number > 1 else Quarter(quarter.year - 1, 4)


def index_page(cik: Cik, accession: AccessionNumber) -> str:
    """EDGAR's index page of a submission, for people; `cik` is any entity of the filing."""
    return f"https://www.sec.gov/Archives/edgar/data/{int(cik)}/{accession.digits}/{accession}-index.htm"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses below one base, such as ``https://www.sec.gov``."""

    base_url: str

    def below_edgar(self, path: str) -> str:
        """A file below EDGAR's ``Archives/edgar``, such as ``full-index/2004/QTR4/master.gz``."""
        return f"{self.base_url}/Archives/edgar/{path}"

    def company_tickers(self) -> str:
        """The list of tickers and their CIKs."""
        return f"{self.base_url}/files/company_tickers.json"

    def current_filings(self, *, start: int, count: int) -> str:
        """A page of the feed of current filings: `count` entries (at most 100) from the `start`-th newest on."""
        return (
            f"{self.base_url}/cgi-bin/browse-edgar?action=getcurrent&owner=include&count={count}&start={start}"
            "&output=atom"
        )

    def submission(self, cik: Cik, accession: AccessionNumber) -> str:
        """The full submission; `cik` is any entity of the filing. EDGAR redirects a CIK with leading zeros."""
        return f"{self.base_url}/Archives/edgar/data/{int(cik)}/{accession}.txt"
