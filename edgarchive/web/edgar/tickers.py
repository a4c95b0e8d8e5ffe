"""EDGAR's lists of tickers, from the copy that the last sync with tickers stored in the archive."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple, Self

from aiohttp import web

from archiver.identifiers import Cik
from edgarchive.web.archive import ServedArchive
from edgarchive.web.edgar.answers import no_such_key
from edgarchive.web.keys import ARCHIVE


class Ticker(NamedTuple):
    """A line of EDGAR's list."""

    cik: int
    ticker: str
    title: str


class TickerList:
    """EDGAR's list in order, and its lines by CIK and by ticker."""

    def __init__(self, rows: Iterable[Ticker]) -> None:
        self.rows = tuple(rows)
        self.by_cik: dict[int, list[str]] = {}
        self.by_ticker: dict[str, int] = {}
        for row in self.rows:
            self.by_cik.setdefault(row.cik, []).append(row.ticker)
            self.by_ticker.setdefault(row.ticker.upper(), row.cik)

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Parse the body of ``company_tickers.json``."""
        rows = json.loads(body).values()
        return cls(Ticker(int(row["cik_str"]), str(row["ticker"]), str(row.get("title") or "")) for row in rows)


async def _held(archive: ServedArchive) -> TickerList:
    """The stored copy of EDGAR's list; empty if no sync has fetched it."""
    return await archive.tickers(TickerList.read) or TickerList(())


async def held_tickers(archive: ServedArchive) -> tuple[Ticker, ...]:
    """The lines of the stored copy of EDGAR's list, in order."""
    return (await _held(archive)).rows


async def tickers_of(archive: ServedArchive, cik: Cik) -> list[str]:
    """The tickers of a company, in EDGAR's order."""
    return list((await _held(archive)).by_cik.get(int(cik), ()))


async def cik_of(archive: ServedArchive, text: str) -> Cik | None:
    """The CIK that `text` means, a CIK or a ticker in any case; None if it is neither."""
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) <= 10:  # noqa: PLR2004 — the length of a CIK
        return Cik(text)
    wanted = text.upper().replace(".", "-")
    cik = (await _held(archive)).by_ticker.get(wanted)
    return None if cik is None else Cik(cik)


async def ticker_file(request: web.Request) -> web.Response:
    """``/files/company_tickers.json``, ``…_exchange.json``, ``…_mf.json`` and ``/include/ticker.txt``."""
    listed = await held_tickers(request.app[ARCHIVE])
    answer: Any
    match request.match_info["file"]:
        case "company_tickers.json":
            answer = {
                str(number): {"cik_str": one.cik, "ticker": one.ticker, "title": one.title}
                for number, one in enumerate(listed)
            }
        case "company_tickers_exchange.json":
            # no stored list has the exchange of a ticker
            data = [[one.cik, one.title, one.ticker, None] for one in listed]
            answer = {"fields": ["cik", "name", "ticker", "exchange"], "data": data}
        case "company_tickers_mf.json":
            answer = {"fields": ["cik", "seriesId", "classId", "symbol"], "data": []}
        case "ticker.txt":
            return web.Response(text="".join(f"{one.ticker.lower()}\t{one.cik}\n" for one in listed))
        case _:
            raise no_such_key(request)
    return web.json_response(answer)
