"""An answer of EDGAR, and the same answer as it goes over the wire."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass(frozen=True, slots=True)
class Answer:
    """What EDGAR answers, before any transfer encoding.

    `etag_md5` becomes the ETag, with ``-gzip`` where the body is sent so. `last_modified` is UTC. `is_index` answers
    honour ``If-Modified-Since``; `ranges` answers honour ``Range`` and are never gzipped.
    """

    body: bytes
    status: int = HTTPStatus.OK
    content_type: str = "text/plain"
    etag_md5: str | None = None
    last_modified: datetime | None = None
    is_index: bool = False
    ranges: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """Status, headers and body bytes as they are sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def to_wire(answer: Answer, request_headers: Mapping[str, str], *, allow_gzip: bool) -> WireAnswer:
    """`answer` as EDGAR sends it to a client that asked with `request_headers`."""
    headers = {"Content-Type": answer.content_type, **answer.headers}
    if answer.last_modified is not None:
        headers["Last-Modified"] = format_datetime(answer.last_modified, usegmt=True)
        if answer.is_index and _unchanged_since(answer.last_modified, request_headers.get("If-Modified-Since")):
            return WireAnswer(HTTPStatus.NOT_MODIFIED, headers, b"")
    if answer.ranges:
        return _ranged(answer, headers, request_headers.get("Range"))
    is_gzip = allow_gzip and bool(answer.body) and "gzip" in request_headers.get("Accept-Encoding", "")
    if answer.etag_md5 is not None:
        headers["ETag"] = f'"{answer.etag_md5}-gzip"' if is_gzip else f'"{answer.etag_md5}"'
    if is_gzip:
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return WireAnswer(answer.status, headers, _packed(answer.body) if is_gzip else answer.body)


@lru_cache(maxsize=2048)
def _packed(body: bytes) -> bytes:
    """Packed once: EDGAR's own servers do not pay for each request either."""
    return gzip.compress(body, mtime=0)


def _unchanged_since(last_modified: datetime, condition: str | None) -> bool:
    return condition is not None and last_modified.replace(microsecond=0) <= parsedate_to_datetime(condition)


def _ranged(answer: Answer, headers: dict[str, str], asked: str | None) -> WireAnswer:
    size = len(answer.body)
    headers["Accept-Ranges"] = "bytes"
    match = _RANGE.fullmatch(asked or "")
    if match is None:
        return WireAnswer(answer.status, headers, answer.body)
    first, last = int(match[1]), min(int(match[2] or size), size - 1)
    if first > last:
        headers["Content-Range"] = f"bytes */{size}"
        return WireAnswer(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers, b"")
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return WireAnswer(HTTPStatus.PARTIAL_CONTENT, headers, answer.body[first : last + 1])
