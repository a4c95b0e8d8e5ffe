"""Plain requests to the loopback EDGAR, and what came back."""

from __future__ import annotations

import gzip
import http.client
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.loopback import FIXTURES, LoopbackEdgar

ONE = "0009000900-04-000101"
ONE_BODY = (FIXTURES / f"{ONE}.txt").read_bytes()
ONE_PATH = f"/Archives/edgar/data/9000001/{ONE}.txt"
QUARTER = "/Archives/edgar/full-index/2004/QTR4"
USER_AGENT = "Loopback Tests tests@example.com"


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply as it came; `body` is the bytes on the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def decoded(self) -> bytes:
        """The body without its content encoding."""
        return gzip.decompress(self.body) if self.headers.get("Content-Encoding") == "gzip" else self.body


def get(edgar: LoopbackEdgar, path: str, **headers: str) -> Reply:
    """One GET on a connection of its own; keywords are headers, with underscores for dashes."""
    connection = http.client.HTTPConnection(urlsplit(edgar.base_url).netloc, timeout=10)
    try:
        asked = {"User-Agent": USER_AGENT} | {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", path, headers=asked)
        response = connection.getresponse()
        return Reply(response.status, dict(response.headers), response.read())
    finally:
        connection.close()
