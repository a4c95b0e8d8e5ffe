"""Checks of every request, and security headers of every response.

Filings are hostile input served from our own origin, and the server has no authentication. Therefore: only reading
requests, a list of host names against DNS rebinding, and a policy for our pages and a stricter one for filers' content.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable

from aiohttp import HttpVersion11, web
from aiohttp.typedefs import Middleware
from yarl import URL

from archiver.startup.patterns import lazy_pattern

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

EDGAR_HOSTS = frozenset({"www.sec.gov", "data.sec.gov", "efts.sec.gov"})
"""Hosts that EDGAR's clients name; a hosts entry leads them here."""

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})

FULL_TEXT_PATH = "/LATEST/search-index"
"""The only URL that also accepts POST, as EDGAR's full-text search does."""

OUR_POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
FILER_POLICY = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'"
"""For all content from filers: no scripts, no frames, nothing external, a separate origin."""

_HOST = lazy_pattern(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?", re.IGNORECASE)
_MAX_PORT = 65_535
_SLASHES = lazy_pattern("/{2,}")


class ResponseEndedError(ConnectionError):
    """A response that had begun cannot be completed, which is logged; its connection ends."""


def check_request(allowed_hosts: Iterable[str]) -> Middleware:
    """A middleware that accepts only reading requests for `allowed_hosts`, LOCAL_HOSTS or EDGAR's hosts."""
    allowed = LOCAL_HOSTS | EDGAR_HOSTS | {host.lower() for host in allowed_hosts}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = _HOST.fullmatch(request.headers.get("Host", ""))
        known = host is not None and host[1].lower() in allowed and int(host[2] or 0) <= _MAX_PORT
        # the request line may have a whole URL, whose host counts instead of the header's (RFC 9112, 3.2.2)
        if not known or request.url.host_subcomponent not in allowed:
            raise web.HTTPMisdirectedRequest(
                text="This server does not answer for that host. Start it with --allow-host NAME.\n"
            )
        if request.method not in {"GET", "HEAD"} and not (request.method == "POST" and request.path == FULL_TEXT_PATH):
            allow = ["GET", "HEAD", *(["POST"] if request.path == FULL_TEXT_PATH else [])]
            raise web.HTTPMethodNotAllowed(request.method, allow, text="The archive is read-only.\n")
        return await handler(request)

    return check


def public_url(request: web.Request) -> URL:
    """A request's URL as the client sees it: with https if a proxy in front of the server says so.

    Whoever sends the header changes only links in their own response.
    """
    is_https = request.headers.get("X-Forwarded-Proto", "").lower() == "https"
    return request.url.with_scheme("https") if is_https else request.url


def end_without_length(request: web.Request, response: web.StreamResponse) -> None:
    """Let a response whose length is unknown end in chunks, or for HTTP/1.0, which has none, with its connection.

    Proxies ask by HTTP/1.0, nginx by default, even where the client has asked by a later version.
    """
    if request.version == HttpVersion11:
        response.enable_chunked_encoding()
    else:
        response.force_close()


@web.middleware
async def collapse_slashes(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Treat ``//`` in a path as ``/``, as EDGAR does; some clients build such URLs."""
    if "//" not in request.rel_url.raw_path:
        return await handler(request)
    path = _SLASHES.sub("/", request.rel_url.raw_path)
    clone = request.clone(rel_url=request.rel_url.with_path(path, encoded=True).with_query(request.rel_url.query))
    resolved = await request.app.router.resolve(clone)
    resolved.add_app(request.app)
    clone._match_info = resolved  # noqa: SLF001 — aiohttp resolves before its middlewares run; its own normalizer redirects
    return await resolved.handler(clone)


async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Give a response its safety headers before it begins, a stream's too (`on_response_prepare`)."""
    set_headers(response)


def set_headers(response: web.StreamResponse) -> None:
    """Add security headers to a response that has none of its own."""
    response.headers.setdefault("Content-Security-Policy", OUR_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")


def headers_of_filers() -> dict[str, str]:
    """The headers for content from filers, which only our own pages may embed."""
    return {
        "Content-Security-Policy": FILER_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "SAMEORIGIN",
    }
