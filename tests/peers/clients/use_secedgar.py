"""What secedgar reads of an archive, as one JSON object. Its addresses are fixed: a hosts entry leads them here."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from secedgar import FilingType, filings
from secedgar.cik_lookup import get_cik_map

IDENTITY = "Example Research research@example.com"


def named(urls: Any) -> list[str]:
    """The files that URLs name, sorted: secedgar gives a list, or a list by company."""
    found: Iterable[Any] = urls.values() if isinstance(urls, dict) else [urls]
    return sorted(str(url).rpartition("/")[2] for some in found for url in some)


def saved(chosen: Any) -> dict[str, int]:
    """The files that a download wrote, with their sizes."""
    with tempfile.TemporaryDirectory() as folder:
        chosen.save(folder)
        return {path.name: path.stat().st_size for path in sorted(Path(folder).rglob("*")) if path.is_file()}


def main(ticker: str) -> dict[str, Any]:
    """A company's filings by ticker and by name, then a day and a quarter, downloaded."""
    of_company = filings(cik_lookup=ticker, filing_type=FilingType.FILING_10K, user_agent=IDENTITY, count=5)
    by_name = filings(cik_lookup="bramblecorn foods", filing_type=FilingType.FILING_10K, user_agent=IDENTITY)
    day = filings(start_date=date(2021, 2, 26), end_date=date(2021, 2, 26), user_agent=IDENTITY)
    quarter = filings(start_date=date(2021, 1, 1), end_date=date(2021, 3, 31), user_agent=IDENTITY)
    return {
        "tickers": get_cik_map(user_agent=IDENTITY)["ticker"],
        "company": named(of_company.get_urls()),
        "company by name": named(by_name.get_urls()),
        "company, saved": saved(of_company),
        "day": named(day.get_urls()),
        "quarter": named(quarter.get_urls()),
        "quarter, saved": saved(quarter),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1])))
