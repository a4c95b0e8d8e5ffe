"""EDGAR's list of tickers and their CIKs.

The list (sec.gov, "Accessing EDGAR Data", ``company_tickers.json``) is current: a reused ticker means its present
owner, and a ticker that is no longer traded is not in it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from archiver.errors import DamagedBodyError, UsageError
from archiver.identifiers import Cik
from archiver.startup.patterns import lazy_pattern
from archiver.streams.flat_json import flat_objects

_MOST_TICKERS = 200_000
"""Twenty times the length of the list."""
_TICKER = lazy_pattern(r"[A-Z0-9.$^=-]{1,20}")
_EXCHANGE = lazy_pattern(r"(?:NYSE|NASDAQ|AMEX)\s*:\s*")
_COUNTRY = lazy_pattern(r"\s+US(?:\s+EQUITY)?")
_SEPARATOR = lazy_pattern(r"[./\s]+")


def parse_tickers(body: bytes) -> dict[str, Cik]:
    """Ticker -> CIK, from the body of ``company_tickers.json``. Raises `DamagedBodyError`."""
    tickers: dict[str, Cik] = {}
    try:
        for row in flat_objects(body, most=_MOST_TICKERS):
            ticker = _spelt(row["ticker"])
            if _TICKER.fullmatch(ticker):
                tickers[ticker] = Cik(row["cik_str"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedBodyError("the body is not EDGAR's list of tickers") from error
    if not tickers:
        raise DamagedBodyError("EDGAR's list of tickers is empty")
    return tickers


def ciks_of(tickers: Iterable[str], listed: Mapping[str, Cik]) -> list[Cik]:
    """The CIK of each of `tickers`, as people write them. Raises `UsageError` if not listed.

    In any case, with ``.``, ``-``, ``/`` or a blank (``BRK.B``), and as in the press and on terminals: ``$AAPL``,
    ``NASDAQ: AAPL``, ``AAPL US Equity``.
    """
    ciks = []
    for ticker in tickers:
        if "," in ticker:
            raise UsageError(f"{ticker[:40]!r} is not one ticker", "give each ticker by itself, without commas")
        wanted = _typed(ticker)
        cik = listed.get(wanted)
        if cik is None:
            near = difflib.get_close_matches(wanted, listed, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise UsageError(
                f"EDGAR's list of tickers has no {ticker[:20]!r}", f"{hint}for a former company, use --cik"
            )
        ciks.append(cik)
    return ciks


def _spelt(ticker: str) -> str:
    return ticker.strip().upper().replace(".", "-")


def _typed(ticker: str) -> str:
    """What a person typed, in the spelling of the list."""
    text = ticker.strip().upper().removeprefix("$")
    if exchange := _EXCHANGE.match(text):
        text = text[exchange.end() :]
    if (country := _COUNTRY.search(text)) and country.end() == len(text):
        text = text[: country.start()]
    return _SEPARATOR.sub("-", text)
