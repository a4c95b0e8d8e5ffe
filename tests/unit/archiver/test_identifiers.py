from __future__ import annotations

import pickle
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import IdentifierError
from archiver.identifiers import AccessionNumber, Cik, FormType, form_matches, parse_date, parse_date_span


@pytest.mark.parametrize("text", ["0001193125-04-218426", "000119312504218426", " 0001193125-04-218426\n"])
def test_an_accession_number_has_one_spelling(text: str) -> None:
    """Dashes or 18 digits: the value is the dashed form, and a plain string."""
    accession = AccessionNumber(text)
    assert accession == "0001193125-04-218426"
    assert (accession.submitter, accession.year, accession.digits) == ("0001193125", 2004, "000119312504218426")
    assert AccessionNumber(accession) is accession
    assert pickle.loads(pickle.dumps(accession)) == accession  # noqa: S301 — our own bytes


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0001193125-04-21842",
        "0001193125-04-2184267",
        "../etc/passwd",
        "0001193125-04-218426/x",
        "٠٠٠١١٩٣١٢٥-04-218426",
        "0001193125 04 218426",
        "0001193125-04-218426\n0001193125-04-218427",
    ],
)
def test_what_is_no_accession_number_is_refused(text: str) -> None:
    """Nothing but 18 ASCII digits ever becomes part of a path."""
    with pytest.raises(IdentifierError) as caught:
        AccessionNumber(text)
    assert "\n" not in str(caught.value)


@given(st.integers(min_value=0, max_value=99))
def test_the_year_of_an_accession_number_has_its_century(short: int) -> None:
    """EDGAR began in 1993, so every two-digit year has one meaning."""
    year = AccessionNumber(f"0000000000-{short:02d}-000000").year
    assert year % 100 == short
    assert 1993 <= year <= 2092


@pytest.mark.parametrize(
    "value",
    [
        *(1056386, "1056386", "0001056386", "CIK0001056386", "cik1056386", " 1056386 "),
        *("CIK 1056386", "CIK: 0001056386", "CIK#1056386", "cik=1056386"),
    ],
)
def test_a_cik_is_a_number_however_it_is_written(value: int | str) -> None:
    """Leading zeros and the prefix have no meaning."""
    assert Cik(value) == 1056386
    assert Cik(value).padded == "0001056386"


@pytest.mark.parametrize("value", ["", "CIK", "-1", -1, "12345678901", "1056386.0", "0x10", "1056386 42", "AAPL"])
def test_what_is_no_cik_is_refused(value: int | str) -> None:
    """A ticker or a mistyped number is an error, never another company."""
    with pytest.raises(IdentifierError):
        Cik(value)


def test_several_ciks_in_one_are_refused_as_such() -> None:
    """A comma stands between values."""
    with pytest.raises(IdentifierError, match="without commas"):
        Cik("320193,789019")


@pytest.mark.parametrize(
    "address",
    [
        "https://www.sec.gov/cgi-bin/browse-edgar?action=getcompany&CIK=0000320193&type=8-K",
        "https://www.sec.gov/edgar/browse/?CIK=320193",
        "https://www.sec.gov/Archives/edgar/data/320193/",
    ],
)
def test_the_address_of_a_company_says_how_to_find_its_filings(address: str) -> None:
    """It names no filing, but a CIK."""
    with pytest.raises(IdentifierError, match="`edgarchive search --cik 320193`"):
        AccessionNumber.from_text(address)


def test_a_form_type_knows_its_amendment() -> None:
    """White space is normalised, the rest of EDGAR's spelling is kept."""
    form = FormType(" SC  13D/A ")
    assert (form, form.is_amendment, form.base) == ("SC 13D/A", True, "SC 13D")
    assert FormType("10-K405").base == "10-K405"


@pytest.mark.parametrize(
    ("form", "pattern", "expected"),
    [
        ("8-K", "8-k", True),
        ("8-K/A", "8-K", False),
        ("8-K/A", "8-K*", True),
        ("18-K", "8-K*", False),
        ("10-K405", "10-K", False),
        ("SC 13D", "sc  13?", True),
        ("SC 13D", "SC.13D", False),
        ("8-K", "Form 8-K", True),
        ("8-K/A", "form 8-K*", True),
    ],
)
def test_a_form_pattern_takes_a_whole_form(form: str, pattern: str, *, expected: bool) -> None:
    """`8-K` is that form alone; globs, and nothing else, widen it."""
    assert form_matches(form, [pattern]) is expected


def test_a_date_is_read_in_both_spellings() -> None:
    """ISO, and EDGAR's eight digits."""
    assert parse_date("2004-12-22") == parse_date("20041222") == date(2004, 12, 22)


@pytest.mark.parametrize("text", ["", "2004-13-01", "2004-1-1", "22.12.2004", "2004-W52-3", "2004-12-22T00:00"])
def test_what_is_no_date_is_refused(text: str) -> None:
    """No other spelling is guessed at."""
    with pytest.raises(IdentifierError):
        parse_date(text)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2004", date(2004, 1, 1), date(2004, 12, 31)),
        (" 2004-02 ", date(2004, 2, 1), date(2004, 2, 29)),
        ("20041222", date(2004, 12, 22), date(2004, 12, 22)),
        ("9999", date(9999, 1, 1), date(9999, 12, 31)),
    ],
)
def test_a_date_span_is_a_year_a_month_or_a_day(text: str, first: date, last: date) -> None:
    """Its first and last day."""
    assert parse_date_span(text) == (first, last)


@pytest.mark.parametrize("text", ["", "0000", "2004-00", "2004-13", "204", "2004-2", "2004/02"])
def test_anything_else_is_no_date_span(text: str) -> None:
    """With the spellings that are understood."""
    with pytest.raises(IdentifierError, match="is not a date; write it like"):
        parse_date_span(text)


@pytest.mark.parametrize(
    "text",
    [
        "0001193125-04-218426",
        " 0001193125-04-218426\n",
        "0001193125\N{EN DASH}04\N{EN DASH}218426",
        "1193125\N{NON-BREAKING HYPHEN}04\N{MINUS SIGN}218426",
        "0001193125-04-218426.txt",
        "1193125-04-218426",
        "000119312504218426",
        "119312504218426",
        "edgar/submissions/0001193125/04/218/0001193125-04-218426.txt.gz",
        "https://www.sec.gov/Archives/edgar/data/1056386/0001193125-04-218426.txt",
        "https://www.sec.gov/Archives/edgar/data/1056386/000119312504218426/0001193125-04-218426-index.htm",
        "https://www.sec.gov/Archives/edgar/data/1056386/000119312504218426/d8k.htm",
        "https://www.sec.gov/Archives/edgar/data/1056386/000119312504218426/",
        "https://www.sec.gov/ix?doc=/Archives/edgar/data/1056386/000119312504218426/d8k.htm",
        "https://www.sec.gov/cgi-bin/browse-edgar?action=getcompany&accession=0001193125-04-218426",
    ],
)
def test_an_accession_number_is_found_in_what_people_paste(text: str) -> None:
    """File names, paths, EDGAR's URLs, without leading zeros, without dashes."""
    assert AccessionNumber.from_text(text) == "0001193125-04-218426"


@pytest.mark.parametrize(
    "text",
    ["", "12345", "1056386", "0001056386", "https://www.sec.gov/edgar/browse/?CIK=1056386", "2004-12-22", "d8k.htm"],
)
def test_what_has_no_accession_number_is_refused(text: str) -> None:
    """CIKs, dates and addresses of companies are none."""
    with pytest.raises(IdentifierError, match="is not an accession number"):
        AccessionNumber.from_text(text)
