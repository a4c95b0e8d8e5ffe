from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.edgar.endpoints import Endpoints, Quarter, quarters
from archiver.identifiers import AccessionNumber, Cik

EDGAR = Endpoints("https://www.sec.gov")


def test_addresses_are_those_of_edgar() -> None:
    """The CIK of a path has no leading zeros: EDGAR redirects it otherwise."""
    assert (
        EDGAR.submission(Cik("0001056386"), AccessionNumber("000119312504218426"))
        == "https://www.sec.gov/Archives/edgar/data/1056386/0001193125-04-218426.txt"
    )
    assert (
        EDGAR.below_edgar(f"full-index/{Quarter(2004, 4).folder}/master.gz")
        == "https://www.sec.gov/Archives/edgar/full-index/2004/QTR4/master.gz"
    )
    assert EDGAR.company_tickers() == "https://www.sec.gov/files/company_tickers.json"


@given(st.dates(min_value=date(1993, 1, 1), max_value=date(2100, 1, 1)))
def test_a_day_is_in_its_quarter_and_in_no_other(day: date) -> None:
    """The quarters follow each other without a gap."""
    quarter = Quarter.of(day)
    assert quarter.first_day <= day <= quarter.last_day
    assert Quarter.of(quarter.last_day + timedelta(days=1)) > quarter
    assert Quarter.of(quarter.last_day + timedelta(days=1)).first_day == quarter.last_day + timedelta(days=1)


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (date(2004, 12, 31), date(2004, 12, 31), ["2004 Q4"]),
        (date(2003, 12, 31), date(2004, 4, 1), ["2004 Q2", "2004 Q1", "2003 Q4"]),
        (date(2005, 1, 1), date(2004, 12, 31), []),
        (date(1901, 1, 1), date(1993, 5, 1), ["1993 Q2", "1993 Q1"]),
        (None, date(1993, 1, 1), ["1993 Q1"]),
    ],
)
def test_the_quarters_of_a_span_come_newest_first(since: date | None, until: date, expected: list[str]) -> None:
    """Both ends count, and nothing before EDGAR's first year is asked for."""
    assert [str(quarter) for quarter in quarters(since, until)] == expected
