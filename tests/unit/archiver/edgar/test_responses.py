from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.edgar.responses import etag_md5, http_date, refusal, retry_after_s, validator
from archiver.errors import AbsentError, BlockedError, DamagedBodyError, EdgarchiveError, FetchError, TroubleError
from archiver.redaction import quoted, shown_url

UNDECLARED = b"<!DOCTYPE html><html><h1>Your Request Originates from an Undeclared Automated Tool</h1></html>"
THRESHOLD = b"<html><head><title>SEC.gov | Request Rate Threshold Exceeded</title></head></html>"
MAINTENANCE = b"\r\n<!DOCTYPE html><html><title>SEC.gov | File Unavailable</title></html>"
DENIED = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>'
NO_KEY = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code></Error>'
OTHER_PAGE = b"<html><head><title>Welcome\n here</title></head></html>"
BODY = b"<SEC-DOCUMENT>0001193125-04-218426.txt : 20041222\n"


@pytest.mark.parametrize(
    ("status", "head", "expected"),
    [
        (403, UNDECLARED, BlockedError),
        (200, UNDECLARED, BlockedError),
        (403, THRESHOLD, BlockedError),
        (200, THRESHOLD, BlockedError),
        (429, THRESHOLD, BlockedError),
        (429, b"", BlockedError),
        (403, b"", BlockedError),
        (403, OTHER_PAGE, BlockedError),
        (403, DENIED, AbsentError),
        (404, NO_KEY, AbsentError),
        (200, DENIED, DamagedBodyError),
        (200, NO_KEY, DamagedBodyError),
        (403, DENIED + BODY, BlockedError),
        (403, BODY + DENIED, BlockedError),
        (403, b"<html>" + DENIED + b"</html>", BlockedError),
        (403, b"<Error><Code>SlowDown</Code></Error>", BlockedError),
        (403, b"\xef\xbb\xbf" + DENIED + b"\n", AbsentError),
        (404, b"", AbsentError),
        (503, MAINTENANCE, TroubleError),
        (200, MAINTENANCE, TroubleError),
        (500, b"", TroubleError),
        (502, OTHER_PAGE, TroubleError),
        (408, b"", TroubleError),
        (200, OTHER_PAGE, DamagedBodyError),
        (204, b"", FetchError),
        (400, OTHER_PAGE, FetchError),
        (416, b"", FetchError),
    ],
)
def test_status_and_body_decide_together(status: int, head: bytes, expected: type[EdgarchiveError]) -> None:
    """XML AccessDenied is absent, a page is a block: one taken for the other loses days or hammers a block."""
    assert type(refusal(status, head, {})) is expected


@pytest.mark.parametrize(
    "body",
    [
        BODY,
        BODY + UNDECLARED,
        BODY + THRESHOLD + MAINTENANCE,
        BODY + DENIED,
        BODY + NO_KEY,
        b"1|A|8-K",
        b"1|<CODE>AccessDenied</CODE>|8-K|2004-12-22|edgar/data/1/0001193125-04-218426.txt\n",
        b"Description: <Error><Code>NoSuchKey</Code></Error>\n",
    ],
)
def test_a_submission_is_taken_whatever_it_quotes(body: bytes) -> None:
    """A filing that tells of EDGAR's own pages is still a filing."""
    assert refusal(200, body, {}) is None


@pytest.mark.parametrize(
    ("kind", "whole", "expected"),
    [
        ("application/xml", True, AbsentError),
        ("text/xml; charset=utf-8", True, AbsentError),
        ("text/html", True, BlockedError),
        ("text/plain", True, BlockedError),
        ("application/xml", False, BlockedError),
    ],
)
def test_only_a_whole_answer_of_the_right_type_says_that_a_file_is_absent(
    kind: str, expected: type[EdgarchiveError], *, whole: bool
) -> None:
    """What merely begins like S3's error, or comes as another type, is a block: taken for absent it loses days."""
    assert type(refusal(403, DENIED, {"Content-Type": kind}, whole=whole)) is expected


def test_a_file_that_is_xml_is_no_page_where_xml_is_asked_for() -> None:
    """EDGAR's feed of current filings begins as S3's errors do."""
    feed = b'<?xml version="1.0" encoding="ISO-8859-1" ?>\n<feed xmlns="http://www.w3.org/2005/Atom"></feed>'
    assert type(refusal(200, feed, {})) is DamagedBodyError
    assert refusal(200, feed, {}, xml=True) is None
    assert type(refusal(200, DENIED, {}, xml=True)) is DamagedBodyError


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("Sat, 20 Nov 2004 06:00:00 GMT", True),
        ("Saturday, 20-Nov-04 06:00:00 GMT", True),
        ("Sat, 20 Nov 2004 06:00:00 GMT you@example.com", False),
        ("\udce9t\udce9", False),
        ("you@example.com", False),
        ("", False),
    ],
)
def test_a_date_is_kept_only_where_it_is_one(value: str, *, kept: bool) -> None:
    """It is written down and sent back to the server."""
    assert http_date(value) == (value if kept else None)
    assert validator({"Last-Modified": value}) == (value if kept else None)
    assert validator({"ETag": '"abc"', "Last-Modified": value}) == '"abc"'
    assert validator({"ETag": "\udce9", "Last-Modified": value}) == (value if kept else None)


ADDRESSES = [
    "you@example.com",
    "you%40example.com",
    "you%2540example.com",
    "you&#64;example.com",
    "you&#x40;example.com",
    "you&#064example.com",
    "you&commat;example.com",
    "you&amp;#64;example.com",
    "you @ example.com",
    "you\n@\texample.com",
    "you\N{FULLWIDTH COMMERCIAL AT}example.com",
    "you (at) example.com",
    "you[at]example.com",
    "YOU@EXAMPLE.COM",
    "you {at} example.com",
    "you at example.com",
    "you AT example DOT com",
    "you<b>@</b>example.com",
    "you<!-- x -->@example.com",
    "you       @       example.com",
    "you=40example.com",
    "you\\u0040example.com",
    "you\\x40example.com",
    "you\\40 example.com",
    "you+AEA-example.com",
    base64.b64encode(b"Example Research you@example.com").decode(),
    base64.urlsafe_b64encode(b"ua=you@example.com?").decode(),
    b"you@example.com".hex(),
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_left_out_however_it_is_spelt(address: str) -> None:
    """In a message, in a page that is kept, in the address of a redirect."""
    page = f"<html><title>Hello {address}, bye</title></html>".encode()
    error = refusal(200, page, {})
    assert isinstance(error, DamagedBodyError)
    for shown in (error.message, error.page.decode(), shown_url(f"https://www.sec.gov/x?a={address}")):
        assert "example" not in shown.lower()
        assert address not in shown
    assert error.page == b"<html><title>Hello (address), bye</title></html>"


@pytest.mark.parametrize(
    "url",
    [
        "https://www.sec.gov/Archives/edgar/data/1/0001193125-04-218426.txt",
        "http://127.0.0.1:8080/cgi-bin/browse-edgar?action=getcurrent&start=100",
    ],
)
def test_an_address_of_edgars_is_shown_whole(url: str) -> None:
    """Only what a server may have put together is cut."""
    assert shown_url(url) == url


def test_a_page_in_place_of_a_file_is_named_in_one_line() -> None:
    """The title of a foreign page tells what answered, without its line breaks."""
    error = refusal(200, OTHER_PAGE, {})
    assert error is not None
    assert "Welcome" in str(error)
    assert "\n" not in str(error)


def test_edgars_own_wish_to_wait_is_kept() -> None:
    """`Retry-After` goes with a block and with trouble."""
    blocked = refusal(429, b"", {"Retry-After": "30"})
    trouble = refusal(503, b"", {"Retry-After": "31"})
    assert isinstance(blocked, BlockedError)
    assert isinstance(trouble, TroubleError)
    assert (blocked.retry_after_s, trouble.retry_after_s) == (30.0, 31.0)


@pytest.mark.parametrize(
    ("etag", "expected"),
    [
        ('"0123456789abcdef0123456789abcdef"', "0123456789abcdef0123456789abcdef"),
        ('"0123456789abcdef0123456789abcdef-gzip"', "0123456789abcdef0123456789abcdef"),
        ('W/"0123456789abcdef0123456789abcdef"', None),
        ('"0123456789abcdef0123456789abcdef-2"', None),
        ('"0123456789abcdef"', None),
        ("", None),
        (None, None),
    ],
)
def test_only_two_shapes_of_etag_are_a_checksum(etag: str | None, expected: str | None) -> None:
    """A weak ETag, or one of several parts, proves nothing."""
    assert etag_md5(etag) == expected


def test_words_of_a_server_are_quoted_without_addresses() -> None:
    """On one line, plain, cut, and without a mail address, which may be our own."""
    assert quoted("a\nb \x1b[1m you@example.com, me%40example.com") == r"a\nb \x1b[1m (address), (address)"
    assert len(quoted("\N{BLACK SQUARE}" * 1000)) <= 120


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("120", 120.0),
        ("Thu, 01 Jan 2026 00:02:00 GMT", 120.0),
        ("Wed, 31 Dec 2025 23:00:00 GMT", 0.0),
        ("9" * 400, 1e9),
        ("soon", None),
        ("-5", None),
        ("\x1d5", 5.0),
        ("\N{SUPERSCRIPT TWO}", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, expected: float | None) -> None:
    """Both spellings of RFC 9110; a date that is past means now, anything else is no wish."""
    assert retry_after_s(value, now=datetime(2026, 1, 1, tzinfo=UTC)) == expected


@given(st.text(max_size=40) | st.from_regex(r"Thu, 01 Jan [0-9]{1,6} 00:00:00 [+-][0-9]{1,9}", fullmatch=True))
def test_no_retry_after_can_end_a_run(value: str) -> None:
    """Whatever a server writes into that header, the answer is a number or nothing."""
    seconds = retry_after_s(value)
    assert seconds is None or seconds >= 0
