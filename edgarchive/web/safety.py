"""Checks of every request, and security headers of every response.

Filings are hostile input served from our own origin, and the server has no authentication. Therefore: only reading
requests, a list of host names against DNS rebinding, a policy for our pages and a stricter one for filers' content, and
a limit of concurrent work.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from aiohttp import HttpVersion11, web
from aiohttp.typedefs import Middleware
from yarl import URL

from archiver.events import event
from archiver.startup.patterns import lazy_pattern

_log = logging.getLogger(__name__)

T = TypeVar("T")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

EDGAR_HOSTS = frozenset({"www.sec.gov", "data.sec.gov", "efts.sec.gov"})
"""Hosts that EDGAR's clients name; a hosts entry leads them here."""

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})

FULL_TEXT_PATH = "/LATEST/search-index"
"""The only URL that also accepts POST, as EDGAR's full-text search does."""

OUR_POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
FILER_POLICY = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'"
"""For all content from filers: no scripts, no frames, nothing external, a separate origin."""

CONCURRENT, WAITING, WAIT_S = 8, 256, 30.0
"""Concurrent requests, requests that may wait for their turn, and the maximum wait in seconds."""

WORK_S = 40.0
"""How long a client waits for one operation, in seconds: a little longer than the limit of a search."""

_HOST = lazy_pattern(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?", re.IGNORECASE)
_MAX_PORT = 65_535
_SLASHES = lazy_pattern("/{2,}")


class Gate:
    """Limits concurrent work and how long each request waits for it; beyond a limit the response is 503.

    A thread cannot be stopped, so abandoned work keeps its slot until it ends: slow requests never pile up.
    """

    def __init__(
        self,
        *,
        concurrent: int = CONCURRENT,
        waiting: int = WAITING,
        wait_s: float = WAIT_S,
        work_s: float = WORK_S,
    ) -> None:
        self._running = asyncio.Semaphore(concurrent)
        self._places = waiting
        self._wait_s = wait_s
        self._work_s = work_s
        self._tasks: set[asyncio.Future[Any]] = set()

    async def do(self, work: Callable[[], Awaitable[T]]) -> T:
        """The result of `work`. Raises `web.HTTPServiceUnavailable` if too many wait or it takes too long."""
        await self._take_place()
        task = asyncio.ensure_future(work())
        self._tasks.add(task)  # the event loop itself keeps only a weak reference
        task.add_done_callback(self._ended)
        done, _ = await asyncio.wait({task}, timeout=self._work_s)
        if not done:
            raise too_slow()
        return task.result()

    async def _take_place(self) -> None:
        if self._places <= 0:
            raise busy()
        self._places -= 1
        try:
            await asyncio.wait_for(self._running.acquire(), self._wait_s)
        except TimeoutError:
            raise busy() from None
        finally:
            self._places += 1

    def _ended(self, task: asyncio.Future[Any]) -> None:
        self._running.release()
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            # read here, too, where nobody waits any more
            facts = event("work-failed", error=type(task.exception()).__name__)
            _log.debug("a request's work failed: %s", task.exception(), extra=facts)


def busy() -> web.HTTPServiceUnavailable:
    """The response of a busy server."""
    return web.HTTPServiceUnavailable(text="The server is busy. Try again shortly.\n", headers={"Retry-After": "5"})


def too_slow() -> web.HTTPServiceUnavailable:
    """The response to a request that takes too long."""
    text = "The request took too long. Make the search narrower, or try again later.\n"
    return web.HTTPServiceUnavailable(text=text, headers={"Retry-After": "60"})


def check_request(allowed_hosts: Iterable[str]) -> Middleware:
    """A middleware that accepts only reading requests for `allowed_hosts`, LOCAL_HOSTS or EDGAR's hosts."""
    allowed = LOCAL_HOSTS | EDGAR_HOSTS | {host.lower() for host in allowed_hosts}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = _HOST.fullmatch(request.headers.get("Host", ""))
        if host is None or host[1].lower() not in allowed or int(host[2] or 0) > _MAX_PORT:
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
    """The headers for content from filers."""
    return {
        "Content-Security-Policy": FILER_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
