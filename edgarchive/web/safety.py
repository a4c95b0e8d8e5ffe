"""What every request must pass, and what every response carries.

Filings are hostile input served from our own origin, and the server has no authentication. So: reading only, a list of
host names against DNS rebinding, a policy for our pages and a stricter one for what filers wrote, and a bound on how
much runs at once.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from aiohttp import web
from aiohttp.typedefs import Middleware
from yarl import URL

_log = logging.getLogger(__name__)

T = TypeVar("T")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

EDGAR_HOSTS = frozenset({"www.sec.gov", "data.sec.gov", "efts.sec.gov"})
"""Hosts that EDGAR's clients name; a hosts entry leads them here."""

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})

FULL_TEXT_PATH = "/LATEST/search-index"
"""The one URL that also takes POST: EDGAR's full-text search does."""

OUR_POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
FILER_POLICY = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'"
"""For everything that a filer wrote: no script, no frame, nothing from elsewhere, an origin of its own."""

CONCURRENT, WAITING, WAIT_S = 8, 256, 30.0
"""Requests that work at once, those that may wait for their turn, and how long."""

WORK_S = 40.0
"""How long a client waits for one piece of work: a little more than a search may take."""

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?", re.IGNORECASE)
_SLASHES = re.compile("/{2,}")


class Gate:
    """Bounds the work that requests do at once, and how long each waits for it: over a bound the answer is 503.

    A thread cannot be stopped, so work that is given up keeps its place until it ends: slow requests never pile up.
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
        """What `work` gives. Raises `web.HTTPServiceUnavailable` where too many wait, or it takes too long."""
        await self._take_place()
        task = asyncio.ensure_future(work())
        self._tasks.add(task)  # the event loop itself keeps no more than a weak reference
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
            _log.debug("a request's work failed: %s", task.exception())  # read here, too, where nobody waits any more


def busy() -> web.HTTPServiceUnavailable:
    """The answer of a server with too much to do."""
    return web.HTTPServiceUnavailable(text="The server is busy. Try again shortly.\n", headers={"Retry-After": "5"})


def too_slow() -> web.HTTPServiceUnavailable:
    """The answer to a request that takes longer than it may."""
    text = "The request took too long. Make the search narrower, or try again later.\n"
    return web.HTTPServiceUnavailable(text=text, headers={"Retry-After": "60"})


def check_request(allowed_hosts: Iterable[str]) -> Middleware:
    """A middleware that lets through only reading requests that name one of `allowed_hosts`, LOCAL_HOSTS or EDGAR's."""
    allowed = LOCAL_HOSTS | EDGAR_HOSTS | {host.lower() for host in allowed_hosts}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = _HOST.fullmatch(request.headers.get("Host", ""))
        if host is None or host[1].lower() not in allowed:
            raise web.HTTPMisdirectedRequest(
                text="This server does not answer for that host. Start it with --allow-host NAME.\n"
            )
        if request.method not in {"GET", "HEAD"} and not (request.method == "POST" and request.path == FULL_TEXT_PATH):
            allow = ["GET", "HEAD", *(["POST"] if request.path == FULL_TEXT_PATH else [])]
            raise web.HTTPMethodNotAllowed(request.method, allow, text="The archive is read-only.\n")
        return await handler(request)

    return check


def public_url(request: web.Request) -> URL:
    """A request's URL as the client wrote it: with https where a proxy in front of the server says so.

    Whoever sends the header changes the links in one's own response alone.
    """
    is_https = request.headers.get("X-Forwarded-Proto", "").lower() == "https"
    return request.url.with_scheme("https") if is_https else request.url


@web.middleware
async def collapse_slashes(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer ``//`` in a path as ``/``: some clients build their URLs so, and EDGAR serves them."""
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
    """Give a response its safety headers where it has none of its own."""
    response.headers.setdefault("Content-Security-Policy", OUR_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")


def headers_of_filers() -> dict[str, str]:
    """The headers for bytes that a filer wrote."""
    return {
        "Content-Security-Policy": FILER_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
