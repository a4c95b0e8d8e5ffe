from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.edgar.responses import etag_md5, refusal, retry_after_s
from archiver.errors import AbsentError, BlockedError, DamagedBodyError, EdgarchiveError, FetchError, TroubleError
from archiver.redaction import quoted

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


@pytest.mark.parametrize("body", [BODY, BODY + UNDECLARED, BODY + THRESHOLD + MAINTENANCE, b"1|A|8-K"])
def test_a_submission_is_taken_whatever_it_quotes(body: bytes) -> None:
    """A filing that tells of EDGAR's own pages is still a filing."""
    assert refusal(200, body, {}) is None


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
    assert quoted("a\nb \x1b[1m you@example.com, me%40example.com") == r"a\nb \x1b[1m (address) (address)"
    assert len(quoted("\N{BLACK SQUARE}" * 1000)) <= 120


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("120", 120.0),
        ("Thu, 01 Jan 2026 00:02:00 GMT", 120.0),
        ("Wed, 31 Dec 2025 23:00:00 GMT", 0.0),
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
