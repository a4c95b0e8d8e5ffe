"""The pages EDGAR sends in place of what was asked for, in their shape and in our words."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from xml.sax.saxutils import escape

from tests.loopback.answers import Answer

_HTML = "text/html"
_XML = "application/xml"
_PAGE_BYTES = 5 * 1024
"""EDGAR's refusal pages have about this size: more than one network packet, so a client cannot judge by the first."""

_PAGE = """<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
<title>{title}</title>
</head>
<body>
<div id="header">Loopback EDGAR</div>
<div id="content">
<h1>{heading}</h1>
<p>{text}</p>
</div>
{padding}</body>
</html>
"""


def access_denied() -> Answer:
    """S3's 403 for an index or day that does not exist (yet)."""
    return _s3_error(HTTPStatus.FORBIDDEN, "AccessDenied", "Access Denied")


def no_such_key(key: str) -> Answer:
    """S3's 404 for a path below ``/Archives/edgar/data`` that names nothing."""
    detail = f"<Key>{escape(key.lstrip('/'))}</Key>"
    return _s3_error(HTTPStatus.NOT_FOUND, "NoSuchKey", "The specified key does not exist.", detail)


def rate_threshold(*, status: int = HTTPStatus.FORBIDDEN, retry_after: str | None = None) -> Answer:
    """The block page: the client asked too often. `retry_after` is the header: seconds, or an HTTP date."""
    return Answer(
        _page(
            "SEC.gov | Request Rate Threshold Exceeded",
            "Too many requests came from your address",
            "Access is limited for ten minutes. Every request made meanwhile prolongs it.",
        ),
        status=status,
        content_type=_HTML,
        headers={} if retry_after is None else {"Retry-After": retry_after},
    )


def undeclared_tool(*, status: int = HTTPStatus.FORBIDDEN) -> Answer:
    """The page for a client that does not name itself, or names itself badly."""
    heading = "Your Request Originates from an Undeclared Automated Tool"
    text = "Declare your traffic by a user agent with a company name and a contact address."
    return Answer(_page(heading, heading, text), status=status, content_type=_HTML)


def file_unavailable(*, status: int = HTTPStatus.SERVICE_UNAVAILABLE) -> Answer:
    """The maintenance page, with an ETag and a Last-Modified of its own."""
    return Answer(
        _page(
            "SEC.gov | File Unavailable",
            "We are sorry",
            "The file is unavailable at the moment. Please try again later.",
        ),
        status=status,
        content_type=_HTML,
        last_modified=datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC),
        headers={"ETag": '"1e47-5bcb0a3f4f8c0"'},
    )


def unknown_page() -> Answer:
    """A web page with status 200 that is none of those known."""
    return Answer(_page("Welcome", "Welcome", "This page has nothing to do with the file."), content_type=_HTML)


def server_error() -> Answer:
    """A bare 500."""
    return Answer(
        b"<html><head><title>500 Internal Server Error</title></head><body></body></html>\n",
        status=HTTPStatus.INTERNAL_SERVER_ERROR,
        content_type=_HTML,
    )


def moved(location: str, *, status: int = HTTPStatus.MOVED_PERMANENTLY) -> Answer:
    """A redirect to `location`."""
    return Answer(b"", status=status, content_type=_HTML, headers={"Location": location})


def _s3_error(status: int, code: str, message: str, detail: str = "") -> Answer:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message}</Message>{detail}<RequestId>L00PBACK00000001</RequestId>"
        f"<HostId>{'loopback' * 9}=</HostId></Error>"
    )
    return Answer(body.encode(), status=status, content_type=_XML)


def _page(title: str, heading: str, text: str) -> bytes:
    bare = _PAGE.format(title=title, heading=heading, text=text, padding="")
    padding = "<!-- " + "loopback " * ((_PAGE_BYTES - len(bare)) // len("loopback ")) + "-->\n"
    return _PAGE.format(title=title, heading=heading, text=text, padding=padding).encode()
