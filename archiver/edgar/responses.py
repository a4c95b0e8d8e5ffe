"""Classification of EDGAR's responses, by status and body together (measured on recorded responses).

403 with S3's XML means "does not exist (yet)"; 403 with HTML means "blocked". A block or maintenance page may have
status 200, so the first bytes of every body are checked before any byte is stored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from archiver.errors import AbsentError, BlockedError, DamagedBodyError, EdgarchiveError, FetchError, TroubleError
from archiver.redaction import quoted, without_addresses
from archiver.startup.patterns import lazy_pattern

PEEK_BYTES = 16 * 1024
"""How much of a page is read to classify it; EDGAR's own pages have 250 bytes to 8 KB."""

_MOST_ETAG = 256
_MOST_RETRY_AFTER_S = 1e9
"""Far above the longest pause; more digits than a number has would be infinity, which JSON cannot hold."""
_TITLE = lazy_pattern(rb"<title[^>]*>\s*([^<]{0,200})", re.IGNORECASE)
_ETAG_MD5 = lazy_pattern(r'"([0-9a-f]{32})(?:-gzip)?"')
_HTTP_DATE = lazy_pattern(r"[A-Za-z]{3,9}, [0-9]{2}[ -][A-Za-z]{3}[ -][0-9]{2,4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT")
_S3_ERROR = lazy_pattern(
    rb"(?:\xef\xbb\xbf)?\s*+(?:<\?xml[^<>]*\?>\s*+)?<Error>\s*<Code>([A-Za-z]{1,64})</Code>.*</Error>\s*", re.DOTALL
)
_ABSENT_CODES = {b"AccessDenied", b"NoSuchKey"}
_RETRYABLE = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY}


def is_page(head: bytes, *, xml: bool = False) -> bool:
    """Whether a body starts like an HTML page or S3 error, as no file of EDGAR's does; with `xml`, some files do."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:64].lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<error>")) or (
        start.startswith(b"<?xml") and not (xml and b"<error>" not in head[:512].lower())
    )


def refusal(  # noqa: PLR0911 — one return for each class of response
    status: int, head: bytes, headers: Mapping[str, str], *, whole: bool = True, xml: bool = False
) -> EdgarchiveError | None:
    """The error for a response with `status` and first decoded bytes `head`; None for a body to keep.

    `whole`: `head` is the whole body. `xml`: the requested file is XML. Anyone may write anything into a filing, so the
    content of a body with status 200 never counts unless it is a page from its first byte.
    """
    text = head.lower()
    page = is_page(head, xml=xml)
    retry_after = retry_after_s(headers.get("Retry-After"))
    if page and b"undeclared automated tool" in text:
        return BlockedError(
            "EDGAR considers the user agent an undeclared tool", "check the name and address in user_agent", retry_after
        )
    if (page and b"request rate threshold exceeded" in text) or status == HTTPStatus.TOO_MANY_REQUESTS:
        return BlockedError(
            "EDGAR says that the request rate was exceeded", "lower rate, and wait ten minutes", retry_after
        )
    if status == HTTPStatus.NOT_FOUND or (
        status == HTTPStatus.FORBIDDEN and whole and s3_code(head, headers) in _ABSENT_CODES
    ):
        return AbsentError("EDGAR does not have it")
    if status == HTTPStatus.FORBIDDEN:
        return BlockedError("EDGAR refused with status 403", "wait ten minutes before the next run", retry_after)
    if page and b"sec.gov | file unavailable" in text:
        return TroubleError("EDGAR shows its maintenance page", retry_after_s=retry_after, status=status)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _RETRYABLE:
        return TroubleError(f"EDGAR answered with status {status}", retry_after_s=retry_after, status=status)
    if status == HTTPStatus.PARTIAL_CONTENT:
        return DamagedBodyError("EDGAR sent a partial response (status 206) to a request for the whole file")
    if status != HTTPStatus.OK:
        return FetchError(f"EDGAR answered with status {status}")
    if page:
        title = _TITLE.search(head)
        named = f" titled {quoted(title[1].decode('utf-8', 'replace').strip())!r}" if title else ""
        return DamagedBodyError(f"EDGAR sent a web page{named} instead of the file", page=without_addresses(head))
    return None


def s3_code(body: bytes, headers: Mapping[str, str]) -> bytes | None:
    """The code of an S3 error if `body` is one from first to last byte and was sent as XML; otherwise None."""
    match = _S3_ERROR.fullmatch(body) if len(body) <= PEEK_BYTES else None
    kind = headers.get("Content-Type", "application/xml").partition(";")[0].strip().lower()
    return match[1] if match and kind in {"application/xml", "text/xml", "application/octet-stream", ""} else None


def http_date(value: str | None) -> str | None:
    """A ``Last-Modified`` header if it is a valid date, unchanged; otherwise None."""
    return value if value and _HTTP_DATE.fullmatch(value) else None


def validator(headers: Mapping[str, str]) -> str | None:
    """A value that identifies the version of a file: its ETag, else its date; None if neither is usable."""
    etag = headers.get("ETag")
    if etag and etag.isascii() and etag.isprintable() and len(etag) <= _MOST_ETAG:
        return etag
    return http_date(headers.get("Last-Modified"))


def etag_md5(etag: str | None) -> str | None:
    """The MD5 of the decoded body from an ETag ``"<32 hex>"`` or ``"<32 hex>-gzip"``; None for any other."""
    match = _ETAG_MD5.fullmatch(etag or "")
    return match[1] if match else None


def retry_after_s(value: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds in a ``Retry-After`` header, given as seconds or as an HTTP date (RFC 9110, section 10.2.3)."""
    if value is None:
        return None
    seconds = value.strip()
    if seconds.isascii() and seconds.isdigit():
        return min(float(seconds), _MOST_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds()) if moment.tzinfo else None
