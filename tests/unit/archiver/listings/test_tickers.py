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


def test_a_ticker_is_found_in_any_spelling() -> None:
    """In any case, and with a dot where EDGAR writes a dash."""
    assert ciks_of(["mlan", " TS.B "], parse_tickers(BODY)) == [9000001, 9000004]


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
