from __future__ import annotations

import json

import pytest

from archiver.errors import DamagedBodyError, UsageError
from archiver.listings.tickers import ciks_of, parse_tickers

BODY = json.dumps(
    {
        "0": {"cik_str": 9000001, "ticker": "MLAN", "title": "MERIDIAN LANTERN CORP"},
        "1": {"cik_str": 9000004, "ticker": "TS-B", "title": "TIDEWATER SIGNAL INC"},
    }
).encode()


@pytest.mark.parametrize(
    ("typed", "cik"),
    [
        *(
            (one, 9000001)
            for one in ("mlan", " MLAN ", "$MLAN", "NYSE: MLAN", "nasdaq:mlan", "MLAN US", "MLAN US Equity")
        ),
        *((one, 9000004) for one in ("TS-B", "TS.B", "ts/b", "TS B", "TS/B US Equity")),
    ],
)
def test_a_ticker_is_found_in_any_spelling(typed: str, cik: int) -> None:
    """In any case, with what separates a class of shares, and with what the press and terminals put around it."""
    assert ciks_of([typed], parse_tickers(BODY)) == [cik]


def test_several_tickers_in_one_are_refused_as_such() -> None:
    """A comma stands between values."""
    with pytest.raises(UsageError, match="without commas"):
        ciks_of(["MLAN,TS-B"], parse_tickers(BODY))


def test_an_unknown_ticker_is_said_with_the_near_one() -> None:
    """It is never passed over: the selection would be another."""
    with pytest.raises(UsageError, match=r"no 'MLAM'; did you mean MLAN\?"):
        ciks_of(["MLAM"], parse_tickers(BODY))


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"[1]", b'{"0": {"ticker": "A"}}', b'{"0": {"ticker": 1, "cik_str": 1}}']
)
def test_another_body_is_refused(body: bytes) -> None:
    """A page or another list is no list of tickers."""
    with pytest.raises(DamagedBodyError):
        parse_tickers(body)
