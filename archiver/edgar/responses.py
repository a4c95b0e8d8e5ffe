"""What an answer of EDGAR means. Status and body decide together (measured on recorded answers).

403 with S3's XML means "does not exist (yet)"; 403 with HTML means "blocked". A block or maintenance page may come with
status 200, so the first bytes of every body are looked at before one byte is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from archiver.errors import AbsentError, BlockedError, DamagedBodyError, EdgarchiveError, FetchError, TroubleError
from archiver.redaction import quoted

PEEK_BYTES = 16 * 1024
"""How much of a page is read to tell what it is; EDGAR's own pages have 250 bytes to 8 KB."""

_TITLE = re.compile(rb"<title[^>]*>\s*([^<]{0,200})", re.IGNORECASE)
_ETAG_MD5 = re.compile(r'"([0-9a-f]{32})(?:-gzip)?"')
_RETRYABLE = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY}


def is_page(head: bytes) -> bool:
    """Whether a body starts like an HTML page or an S3 error: nothing that is fetched from EDGAR does."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:64].lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml", b"<error>"))


def refusal(  # noqa: PLR0911 — one return for each kind of answer
    status: int, head: bytes, headers: Mapping[str, str]
) -> EdgarchiveError | None:
    """The error that an answer with `status` and first decoded bytes `head` stands for; None for a body to take."""
    text = head.lower()
    retry_after = retry_after_s(headers.get("Retry-After"))
    if b"undeclared automated tool" in text and is_page(head):
        return BlockedError(
            "EDGAR takes the user agent for an undeclared tool", "check the name and address in user_agent", retry_after
        )
    if (b"request rate threshold exceeded" in text and is_page(head)) or status == HTTPStatus.TOO_MANY_REQUESTS:
        return BlockedError(
            "EDGAR says that the request rate was exceeded", "lower rate, and wait ten minutes", retry_after
        )
    if b"<code>accessdenied</code>" in text or b"<code>nosuchkey</code>" in text or status == HTTPStatus.NOT_FOUND:
        return AbsentError("EDGAR does not have it")
    if status == HTTPStatus.FORBIDDEN:
        return BlockedError("EDGAR refused with status 403", "wait ten minutes before the next run", retry_after)
    if b"sec.gov | file unavailable" in text and is_page(head):
        return TroubleError("EDGAR shows its maintenance page", retry_after_s=retry_after)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _RETRYABLE:
        return TroubleError(f"EDGAR answered with status {status}", retry_after_s=retry_after)
    if status == HTTPStatus.PARTIAL_CONTENT:
        return DamagedBodyError("EDGAR sent a part (status 206) where the whole was asked for")
    if status != HTTPStatus.OK:
        return FetchError(f"EDGAR answered with status {status}")
    if is_page(head):
        title = _TITLE.search(head)
        named = f" titled {quoted(title[1].decode('latin-1').strip())!r}" if title else ""
        return DamagedBodyError(f"EDGAR sent a web page{named} in place of the file", page=head)
    return None


def etag_md5(etag: str | None) -> str | None:
    """The MD5 of the decoded body, from an ETag ``"<32 hex>"`` or ``"<32 hex>-gzip"``; None for any other shape."""
    match = _ETAG_MD5.fullmatch(etag or "")
    return match[1] if match else None


def retry_after_s(value: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds in a ``Retry-After`` header, given as seconds or as an HTTP date (RFC 9110, section 10.2.3)."""
    if value is None:
        return None
    seconds = value.strip()
    if seconds.isascii() and seconds.isdigit():
        return float(seconds)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds()) if moment.tzinfo else None
