"""Recent responses to searches, kept while the archive is unchanged.

Clients of a team ask the same again: a page is reloaded, a feed is polled, several people follow one link. The response
is the one that would be computed now, except for the time that the search took.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from datetime import date

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware
from multidict import CIMultiDict

from archiver.startup.dataclass import dataclass
from edgarchive.web.caching.latest import LatestValues
from edgarchive.web.keys import ARCHIVE
from edgarchive.web.limits.memory import holding
from edgarchive.web.params import asks_anything
from edgarchive.web.safety import FULL_TEXT_PATH, Handler, public_url

_SEARCHES = frozenset({"/", "/search", "/search.json", "/search.atom", FULL_TEXT_PATH})
KEPT_BYTES = 16_000_000
_LARGEST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class _Kept:
    """A response, and the version of the archive that it is from."""

    version: Hashable
    headers: CIMultiDict[str]
    body: bytes


class RecentResponses:
    """The responses to the latest searches, `kept_bytes` in all at most."""

    def __init__(self, *, kept_bytes: int = KEPT_BYTES) -> None:
        self._kept = LatestValues[Hashable, _Kept](kept_bytes, largest=_LARGEST_BYTES)
        self._working: dict[Hashable, asyncio.Future[web.StreamResponse]] = {}

    async def answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The kept response to `request`, or that of `handler`. Raises as `handler`.

        A request for what another one is computing waits for it, but only once: the other may fail. What is computed is
        kept even if its client leaves: a page that is slow is reloaded.
        """
        key = (str(public_url(request)), date.today())  # noqa: DTZ011 — as dates before today are computed
        working = self._working.get(key)
        if working is not None:
            await asyncio.wait([working])
        version = request.app[ARCHIVE].version
        known = self._get(key, version)
        if known is not None:
            return web.Response(body=known.body, headers=CIMultiDict(known.headers))  # aiohttp adds to what it is given

        async def compute() -> web.StreamResponse:
            response = await handler(request)
            # what was computed during a change may be from before or after it
            if version is not None and version == request.app[ARCHIVE].version:
                self._keep(key, version, response)
            return response

        mine = asyncio.ensure_future(holding(compute)())
        self._working.setdefault(key, mine)
        mine.add_done_callback(lambda _: self._ended(key, mine))
        return await asyncio.shield(mine)

    def _ended(self, key: Hashable, work: asyncio.Future[web.StreamResponse]) -> None:
        if self._working.get(key) is work:
            del self._working[key]
        if not work.cancelled():
            work.exception()  # read here, too, where nobody waits any more

    def _get(self, key: Hashable, version: Hashable) -> _Kept | None:
        known = self._kept.get(key)
        if known is None or known.version == version:
            return known
        self._kept.forget(key)
        return None

    def _keep(self, key: Hashable, version: Hashable, response: web.StreamResponse) -> None:
        body = response.body if isinstance(response, web.Response) else None
        if response.status != web.HTTPOk.status_code or not isinstance(body, bytes):
            return
        self._kept.put(key, _Kept(version, CIMultiDict(response.headers), body), len(body))


def answer_recent(*, kept_bytes: int = KEPT_BYTES) -> Middleware:
    """A middleware that answers a repeated search as before if the archive has not changed since."""
    recent = RecentResponses(kept_bytes=kept_bytes)

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        is_reading = request.method in {hdrs.METH_GET, hdrs.METH_HEAD}
        if not is_reading or request.path not in _SEARCHES or not asks_anything(request.query):
            return await handler(request)
        return await recent.answer(request, handler)

    return answer
