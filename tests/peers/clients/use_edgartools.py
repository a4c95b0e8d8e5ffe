"""What edgartools reads of an archive, as one JSON object. It needs two variables, and a line for full-text search."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from typing import Any

import edgar
from edgar.search import efts

efts.EFTS_BASE_URL = f"{os.environ['EDGAR_BASE_URL']}/LATEST/search-index"


def accessions(filings: Any) -> list[str]:
    """The accession numbers of a list of filings, sorted."""
    return sorted({filing.accession_number for filing in filings})


def sha256(data: str | bytes) -> str:
    """The digest of what was read."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def main(accession: str) -> dict[str, Any]:
    """Lists by quarter, day and company, then one filing whole, then searches."""
    quarter = edgar.get_filings(2021, 1)
    filing = next(one for one in quarter if one.accession_number == accession)
    company = edgar.Company(filing.cik)
    found = edgar.search_filings("bramblecorn", forms=["10-K"])
    return {
        "quarter": accessions(quarter),
        "quarter by company": accessions(edgar.get_filings(2021, 1, index="company")),
        "quarter of XBRL": accessions(edgar.get_filings(2009, 4, index="xbrl")),
        "empty quarter": accessions(edgar.get_filings(1993, 1)),
        "day": accessions(edgar.get_filings(filing_date="2021-02-26")),
        "period": filing.period_of_report,
        "filers on the home page": [str(filer.company_name) for filer in filing.homepage.get_filers()],
        "attachments": [one.document for one in filing.attachments],
        "picture": sha256(next(one for one in filing.attachments if one.document.endswith(".jpg")).content),
        "html": len(filing.html()),
        "submission": sha256(filing.full_text_submission()),
        "header": filing.header.accession_number,
        "folder": sorted(edgar.headers.FilingDirectory.load(filing.base_dir).items["Name"]),
        "company": [company.name, company.cik, company.tickers],
        "company by ticker": edgar.Company(company.tickers[0]).cik,
        "company's filings": accessions(company.get_filings()),
        "newest": accessions(edgar.get_current_filings()),
        "by accession number": edgar.get_by_accession_number(accession).form,
        "full text": sorted({one.accession_number for one in found}),
    }


if __name__ == "__main__":
    edgar.set_identity("Example Research research@example.com")
    sys.stdout.write(json.dumps(main(sys.argv[1])))
