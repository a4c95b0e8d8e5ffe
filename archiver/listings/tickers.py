"""EDGAR's list of tickers: which CIK a ticker stands for.

The list (sec.gov, "Accessing EDGAR Data", ``company_tickers.json``) is of today: a ticker that has changed hands stands
for its present owner, and one that is no longer traded for nobody.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping

from archiver.errors import DamagedBodyError, UsageError
from archiver.identifiers import Cik


def parse_tickers(body: bytes) -> dict[str, Cik]:
    """Ticker -> CIK, from the body of ``company_tickers.json``. Raises `DamagedBodyError`."""
    try:
        rows = json.loads(body).values()
        return {_spelt(row["ticker"]): Cik(row["cik_str"]) for row in rows}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedBodyError("the body is not EDGAR's list of tickers") from error


def ciks_of(tickers: Iterable[str], listed: Mapping[str, Cik]) -> list[Cik]:
    """The CIK of each of `tickers`, in any case, with ``.`` or ``-`` (``BRK.B``). Raises `UsageError`: not listed."""
    ciks = []
    for ticker in tickers:
        cik = listed.get(_spelt(ticker))
        if cik is None:
            near = difflib.get_close_matches(_spelt(ticker), listed, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise UsageError(
                f"EDGAR's list of tickers has no {ticker[:20]!r}", f"{hint}a company of the past needs its --cik"
            )
        ciks.append(cik)
    return ciks


def _spelt(ticker: str) -> str:
    return ticker.strip().upper().replace(".", "-")
