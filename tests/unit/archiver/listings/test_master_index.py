from __future__ import annotations

import gzip
import logging
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import DamagedBodyError
from archiver.identifiers import AccessionNumber, Cik, FormType
from archiver.listings.master_index import has_rows, last_day, parse_master_index, unpack_master_index
from archiver.model import MasterIndexEntry

PREAMBLE = b"""Description:           Master Index of EDGAR Dissemination Feed
Last Data Received:    December 31, 2004

CIK|Company Name|Form Type|Date Filed|Filename
--------------------------------------------------------------------------------
"""
ROW = b"1056386|INTERNAP NETWORK SERVICES CORP/WA|8-K|2004-12-22|edgar/data/1056386/0001193125-04-218426.txt\n"

LATIN1_LINE = st.characters(max_codepoint=255, blacklist_characters="\r\n")
NAMES = st.text(LATIN1_LINE, max_size=60)
FORMS = st.text(st.characters(min_codepoint=33, max_codepoint=126, blacklist_characters="|@"), min_size=1, max_size=12)


def entries(text: bytes) -> list[MasterIndexEntry]:
    """The rows of a whole index."""
    return list(parse_master_index(text))


def test_a_row_is_read_in_the_quarterly_and_the_daily_spelling() -> None:
    """Both spellings of the date, either end of line, and old file names with a folder."""
    daily = ROW.replace(b"2004-12-22", b"20041222").replace(b"\n", b"\r\n")
    expected = MasterIndexEntry(
        Cik(1056386),
        "INTERNAP NETWORK SERVICES CORP/WA",
        FormType("8-K"),
        date(2004, 12, 22),
        AccessionNumber("0001193125-04-218426"),
    )
    assert entries(PREAMBLE + ROW + daily) == [expected, expected]


@given(
    st.integers(min_value=0, max_value=9_999_999_999),
    NAMES,
    FORMS,
    st.dates(min_value=date(1993, 1, 1)),
    st.from_regex(r"[0-9]{10}-[0-9]{2}-[0-9]{6}", fullmatch=True),
)
def test_a_row_is_read_as_it_was_written_whatever_the_name(
    cik: int, name: str, form: str, filed: date, accession: str
) -> None:
    """Company names hold every punctuation mark, the separator among them, and latin-1 letters."""
    row = f"{cik}|{name}|{form}|{filed}|edgar/data/{cik}/{accession}.txt\n".encode("latin-1")
    assert entries(PREAMBLE + row) == [
        MasterIndexEntry(Cik(cik), name, FormType(form), filed, AccessionNumber(accession))
    ]


@pytest.mark.parametrize(
    "bad",
    [
        b"not a row\n",
        b"1|A|8-K|2004-13-45|edgar/data/1/0001193125-04-218426.txt\n",
        b"1|A|8-K|2004-12-22|edgar/data/1/nothing.txt\n",
        b"x|A|8-K|2004-12-22|edgar/data/1/0001193125-04-218426.txt\n",
        b"1|\n",
    ],
)
def test_a_row_that_cannot_be_read_is_said_and_passed_over(bad: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """One broken row costs that row, not the quarter; and somebody is told."""
    with caplog.at_level(logging.WARNING):
        assert [entry.accession for entry in entries(PREAMBLE + bad + ROW)] == ["0001193125-04-218426"]
    assert "line 6 cannot be read" in caplog.text


def test_a_gzip_index_and_a_plain_one_give_the_same_text() -> None:
    """`master.gz` and `master.idx` are one index."""
    assert unpack_master_index(gzip.compress(PREAMBLE + ROW)) == unpack_master_index(PREAMBLE + ROW) == PREAMBLE + ROW


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(PREAMBLE + ROW, mtime=0)[:-6],
        gzip.compress(PREAMBLE + ROW, mtime=0)[:12] + b"\xff" * 60,
        b"<html><title>SEC.gov | File Unavailable</title></html>",
        b"",
        b"1|A|8-K|2004-12-22|edgar/data/1/0001193125-04-218426.txt\n",
        PREAMBLE + ROW + ROW[:-9],
        PREAMBLE + ROW[:-1],
        PREAMBLE.replace(b"-" * 80 + b"\n", b"") + ROW,
        PREAMBLE.replace(b"CIK|", b"SIC|") + ROW,
        PREAMBLE + ROW + b"x\n" * 20,
    ],
)
def test_a_body_that_is_no_whole_index_is_refused(body: bytes) -> None:
    """A cut or foreign body never passes for an index with fewer rows."""
    with pytest.raises(DamagedBodyError):
        unpack_master_index(body)


def test_the_last_day_is_the_newest_of_its_quarter_that_is_not_in_the_future() -> None:
    """In either spelling, wherever it stands; a day of another quarter or of 2099 says nothing of what is covered."""
    rows = [ROW.replace(b"2004-12-22", day) for day in (b"20041223", b"2004-10-05", b"2004-19-99", b"2099-01-01")]
    text = PREAMBLE + b"".join(rows) + ROW
    first, last = date(2004, 10, 1), date(2004, 12, 31)
    assert last_day(text, since=first, until=last) == date(2004, 12, 23)
    assert last_day(text, since=first, until=date(2004, 12, 22)) == date(2004, 12, 22)
    assert last_day(text, since=date(2005, 1, 1), until=date(2005, 3, 31)) is None
    assert last_day(PREAMBLE, since=first, until=last) is None


def test_an_index_without_rows_is_whole_and_says_nothing() -> None:
    """EDGAR may begin a quarter so; whoever reads it must know."""
    assert not has_rows(unpack_master_index(PREAMBLE))
    assert has_rows(unpack_master_index(PREAMBLE + ROW))


@pytest.mark.parametrize("ends", [b"\r", b"\r\n"])
def test_other_line_ends_are_the_same_index(ends: bytes) -> None:
    """CR alone, as some of EDGAR's files have it, and CR LF."""
    assert unpack_master_index((PREAMBLE + ROW).replace(b"\n", ends)) == PREAMBLE + ROW


@pytest.mark.parametrize(
    "row",
    [
        b"# served to Zoe Example zoe@example.com\n",
        b"x" * 100 + b" zoe@example.com\n",
        ROW.replace(b"0001193125-04-218426", b"zoe%40example.com"),
        ROW.replace(b"8-K", b"8-K zoe@example.com"),
        ROW.replace(b"|8-K", b"|a|8-K zoe&#64;example.com"),
    ],
)
def test_no_row_brings_our_address_into_the_log_or_the_catalogue(row: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """A server may write the address of a request into its answer, also into one that is read."""
    found = entries(PREAMBLE + row)
    for shown in (caplog.text, *(entry.form for entry in found)):
        assert "zoe" not in shown
        assert "example.com" not in shown
