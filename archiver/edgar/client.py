"""The HTTP client for EDGAR. Every request is paced, including redirects."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from http import HTTPStatus
from typing import Self

import aiohttp
from aiohttp.connector import Connection
from yarl import URL

from archiver.edgar.pacer import Pacer
from archiver.edgar.proxy import proxy_for
from archiver.edgar.responses import PEEK_BYTES, etag_md5, http_date, is_page, refusal, validator
from archiver.errors import FetchError, TooLargeError, TroubleError, UnreachableError
from archiver.events import event
from archiver.redaction import quoted, shown_url
from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern
from archiver.streams.decoding import ContentDecoder

_log = logging.getLogger(__name__)

_REDIRECTS = {
    HTTPStatus.MOVED_PERMANENTLY,
    HTTPStatus.FOUND,
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
}
_CONTENT_RANGE = lazy_pattern(r"bytes ([0-9]{1,18})-")
_MAX_REDIRECTS = 3
_READ_BYTES = 1 << 18
_SNIFF_BYTES = 64
_PACKING_BYTES = 1 << 20
"""Compression may add this much to a body that does not shrink."""
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=60)
PATIENCE_S = 120.0
"""Seconds to wait for the headers of a response, and over which a body's speed is measured (`SLOWEST_BYTES_PER_S`)."""
SLOWEST_BYTES_PER_S = 100
"""Minimum speed: a server that sends a byte now and then would otherwise block a request forever."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a body: `received` as transferred (empty for later pieces of one read), `decoded` from it."""

    received: bytes
    decoded: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """The rest of a file from byte `first` on, if it is still the `version` (ETag or HTTP date) that was begun."""

    first: int
    version: str | None

    def headers(self) -> dict[str, str]:
        """The request headers (RFC 9110, 13.1.5 and 14.2). Compression in transfer would change the byte offsets."""
        headers = {"Accept-Encoding": "identity"}
        if self.first:
            headers["Range"] = f"bytes={self.first}-"
            if self.version:
                headers["If-Range"] = self.version
        return headers


class Answer:
    """A response with a body to keep. Iterate over it once, for its chunks."""

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        *,
        max_bytes: int,
        conditional: bool = False,
        part: Part | None = None,
        xml: bool = False,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._xml = xml
        self._response = response
        self._patience_s = patience_s
        self._decoder = ContentDecoder(response.headers.get("Content-Encoding", "").strip().lower())
        self._max_bytes = max_bytes
        self._decoded_bytes = self._received_bytes = 0
        self._peeked: list[Chunk] = []
        self._chunks = self._read()
        self.url = shown_url(str(response.url))
        self.is_gzip = self._decoder.is_gzip
        self.etag_md5 = etag_md5(response.headers.get("ETag"))
        self.last_modified = http_date(response.headers.get("Last-Modified"))
        self.version = validator(response.headers)
        self.first_byte = _first_byte(response) if part else 0
        self.length = None if response.content_length is None else self.first_byte + response.content_length
        self.is_unmodified = conditional and response.status == HTTPStatus.NOT_MODIFIED

    async def _read(self) -> AsyncGenerator[Chunk, None]:
        clock = asyncio.get_running_loop().time
        checked_s, came_bytes = clock(), 0
        async for received in self._response.content.iter_chunked(_READ_BYTES):
            came_bytes += len(received)
            self._bound(received=len(received))
            if (taken_s := clock() - checked_s) > self._patience_s:
                if came_bytes < SLOWEST_BYTES_PER_S * taken_s:
                    raise TroubleError(f"EDGAR sends fewer than {SLOWEST_BYTES_PER_S} bytes a second", too_slow=True)
                checked_s, came_bytes = clock(), 0
            rest = received
            for decoded in self._decoder.decode(received):
                self._bound(decoded=len(decoded))
                yield Chunk(rest, decoded)
                rest = b""
            if rest:
                yield Chunk(rest, b"")
        self._decoder.finish()

    def _bound(self, *, received: int = 0, decoded: int = 0) -> None:
        """Enforce the limits. Compressed bytes are limited too, since a gzip stream may be endless and empty."""
        self._received_bytes += received
        self._decoded_bytes += decoded
        if self._decoded_bytes > self._max_bytes or self._received_bytes > self._max_bytes + _PACKING_BYTES:
            raise TooLargeError(
                f"the body has more than {self._max_bytes} decoded bytes", "raise max_submission_bytes to allow it"
            )

    async def check(self) -> None:
        """Classify the response by its first bytes; raise the error it stands for."""
        if self.is_unmodified:
            return
        head, whole = b"", True
        status = HTTPStatus.OK if self.first_byte else self._response.status
        taken = status == HTTPStatus.OK
        async for chunk in self._chunks:
            self._peeked.append(chunk)
            head += chunk.decoded
            if len(head) >= (PEEK_BYTES if not taken or is_page(head, xml=self._xml) else _SNIFF_BYTES):
                whole = False
                break
        if error := refusal(status, head[:PEEK_BYTES], self._response.headers, whole=whole, xml=self._xml):
            raise error
        if not head:
            raise TroubleError("EDGAR sent an empty body")

    async def close(self) -> None:
        """Stop reading the body."""
        await self._chunks.aclose()
        # Closed, not released: the rest of a refused or incomplete body is useless.
        if self._response.content.at_eof():
            self._response.release()
        else:
            self._response.close()

    async def __aiter__(self) -> AsyncIterator[Chunk]:
        for chunk in self._peeked:
            yield chunk
        self._peeked.clear()
        async for chunk in self._chunks:
            yield chunk


class _Request(aiohttp.ClientRequest):
    """A request that is sent only on a connection where nothing waits to be read.

    A server, or a proxy, may send an answer that nobody asked for on an idle connection. aiohttp reuses that, and would
    take it for the answer to the next request, and each further answer for that to the one after.
    """

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        if conn.protocol is not None and conn.protocol.should_close:
            raise aiohttp.ServerDisconnectedError("it sent more than it was asked for")
        return await super().send(conn)


class Client:
    """Sends requests to EDGAR, in turn with all other processes of this machine. A context manager.

    `patience_s`: see `PATIENCE_S`.
    """

    def __init__(self, *, user_agent: str, pacer: Pacer, concurrency: int, patience_s: float = PATIENCE_S) -> None:
        self._pacer = pacer
        self._patience_s = patience_s
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": "gzip, deflate"}
        # those of the session go in clear to a proxy that is asked for a tunnel
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=concurrency),
            request_class=_Request,
            timeout=_TIMEOUT,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    @contextlib.asynccontextmanager
    async def get(
        self,
        url: str,
        *,
        max_bytes: int,
        modified_since: str | None = None,
        part: Part | None = None,
        xml: bool = False,
    ) -> AsyncIterator[Answer]:
        """Request `url`; the response is open within the `async with`.

        With `modified_since`, the HTTP date of an existing copy, the response may be `is_unmodified` and have no body.
        With `part`, only that range is requested; the response's `first_byte` shows whether the server complied. `xml`:
        the file is XML, which no submission or index is. Raises `AbsentError`, `BlockedError`, `TroubleError`
        (including `DamagedBodyError`), `TooLargeError` after more than `max_bytes` decoded bytes, `UnreachableError`,
        or `FetchError` if no retry can help.
        """
        with _translated(url):
            headers = {"If-Modified-Since": modified_since} if modified_since else {}
            if part is not None:
                headers |= part.headers()
            response = await self._follow(URL(url), headers)
            answer = Answer(
                response,
                max_bytes=max_bytes,
                conditional=bool(modified_since),
                part=part,
                xml=xml,
                patience_s=self._patience_s,
            )
            try:
                await answer.check()
                yield answer
            finally:
                await answer.close()

    async def _follow(self, url: URL, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        asked = shown_url(str(url))
        for count in range(_MAX_REDIRECTS + 1):
            await self._pacer.start()
            # where a redirect leads is the server's own text, in which it may send the contact address back
            shown = f"{asked} (redirected)" if count else asked
            _log.debug("asking for %s", shown, extra=event("asked", url=shown))
            began_s = time.monotonic()
            response = await self._ask(url, headers)
            ms = round((time.monotonic() - began_s) * 1000)
            length = response.content_length
            facts = event("answered", url=shown, status=response.status, bytes=length, ms=ms)
            _log.debug("GET %s: %d", shown, response.status, extra=facts)
            if response.status not in _REDIRECTS:
                return response
            response.close()
            url = _redirect(url, response.headers.get("Location", ""))
        raise FetchError(f"EDGAR redirects more than {_MAX_REDIRECTS} times")

    async def _ask(self, url: URL, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        proxy = proxy_for(str(url))
        headers = {**self._headers, **headers}
        if proxy and url.scheme == "http":  # no tunnel is needed: the proxy reads the request itself
            headers |= proxy.headers
        async with asyncio.timeout(self._patience_s):
            return await self._session.get(
                url,
                headers=headers,
                allow_redirects=False,
                proxy=proxy.url if proxy else None,
                proxy_headers=proxy.headers if proxy else None,
            )

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _first_byte(response: aiohttp.ClientResponse) -> int:
    """The first byte of a partial response according to ``Content-Range``; 0 for a complete one or without a range."""
    match = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
    return int(match[1]) if response.status == HTTPStatus.PARTIAL_CONTENT and match else 0


def _redirect(url: URL, location: str) -> URL:
    """The target of a redirect of `url`. Raises `FetchError` if it leaves the host."""
    try:
        target = url.join(URL(location))
        stays = target.origin() == url.origin()
    except ValueError:
        raise FetchError(f"EDGAR redirects to {quoted(location)!r}, which is not a URL") from None
    if not stays:
        raise FetchError(
            f"EDGAR redirects to another host, {quoted(target.host or '')}", "redirects to other hosts are not followed"
        )
    return target


@contextlib.contextmanager
def _translated(url: str) -> Iterator[None]:
    """Translate aiohttp's errors."""
    try:
        yield
    except aiohttp.ClientProxyConnectionError as error:
        raise UnreachableError(f"cannot connect to the proxy {error.host}", "check HTTPS_PROXY and NO_PROXY") from error
    except aiohttp.ClientHttpProxyError as error:
        raise UnreachableError(f"the proxy answered with status {error.status}", "check HTTPS_PROXY") from None
    except aiohttp.ClientConnectorCertificateError as error:
        reason = getattr(error.certificate_error, "verify_message", "") or "its certificate is not valid"
        raise UnreachableError(
            f"{URL(url).host} failed TLS verification: {quoted(reason)}",
            "check the clock; set SSL_CERT_FILE for a proxy's own authority",
        ) from error
    except aiohttp.ClientConnectorError as error:
        host = URL(url).host
        raise UnreachableError(
            f"cannot connect to {host}: {error.os_error.strerror or error}", "check the network"
        ) from error
    except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
        reason = str(error) or type(error).__name__
        too_slow = isinstance(error, TimeoutError)
        raise TroubleError(f"the connection failed: {quoted(reason)}", too_slow=too_slow) from error
