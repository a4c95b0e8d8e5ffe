"""One connection to EDGAR: identity, pace, HTTP and retries under one roof."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Self

from archiver.edgar.client import Answer, Client, Part
from archiver.edgar.endpoints import Endpoints
from archiver.edgar.pacer import Pacer
from archiver.edgar.retry import ATTEMPTS, Fetcher, Result
from archiver.errors import DamagedBodyError
from archiver.events import event
from archiver.settings import Settings

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Read(Generic[Result]):
    """What was made of a body, and its ``Last-Modified`` as EDGAR wrote it."""

    result: Result
    last_modified: str | None


class Edgar:
    """EDGAR as the settings name it. An async context manager; opening it makes no request.

    Raises `SettingsError` where the settings name no identity: no identity, no request.
    """

    def __init__(self, settings: Settings) -> None:
        self.endpoints = Endpoints(settings.base_url)
        self._pacer = Pacer(settings.base_url, rate=settings.rate)
        self._client = Client(user_agent=settings.identity(), pacer=self._pacer, concurrency=settings.concurrency)
        self._fetcher = Fetcher(self._pacer, block_pause_s=settings.block_pause_s)

    @property
    def requests(self) -> int:
        """Requests made so far, retries and redirects counted."""
        return self._pacer.starts

    async def read(
        self,
        url: str,
        understand: Callable[[bytes], Result],
        *,
        max_bytes: int,
        why: str,
        modified_since: str | None = None,
        xml: bool = False,
        check_md5: bool = False,
        attempts: int = ATTEMPTS,
    ) -> Read[Result] | None:
        """What `understand` makes of the whole decoded body of `url`; what it cannot understand is asked for anew.

        With `check_md5`, a body that is not the MD5 of its ETag, where that has the form of one, is damaged. None where
        EDGAR says that nothing has changed since `modified_since`, the HTTP date of what the caller has. `why` is for
        the log, `xml` as in `Client.get`. Raises as `Client.get`, `Fetcher.run` and `understand` do.
        """
        _log.info("asking for %s: %s", url, why, extra=event("asking", url=url, why=why))

        async def attempt() -> Read[Result] | None:
            async with self._client.get(url, max_bytes=max_bytes, modified_since=modified_since, xml=xml) as answer:
                if answer.is_unmodified:
                    return None
                body = b"".join([chunk.decoded async for chunk in answer])
                if check_md5 and answer.etag_md5 is not None:
                    md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
                    if md5 != answer.etag_md5:
                        raise DamagedBodyError(f"the body's MD5 is {md5}, EDGAR's ETag says {answer.etag_md5}")
                return Read(understand(body), answer.last_modified)

        return await self._fetcher.run(attempt, url=url, attempts=attempts)

    async def take(
        self,
        url: str,
        use: Callable[[Answer], Awaitable[Result]],
        *,
        max_bytes: int,
        part: Callable[[], Part | None] = lambda: None,
    ) -> Result:
        """The result of `use` on the open answer to `url`; a retry asks and calls it anew, for the `part` to have then.

        Raises as `Client.get`, `Fetcher.run` and `use` do.
        """

        async def attempt() -> Result:
            async with self._client.get(url, max_bytes=max_bytes, part=part()) as answer:
                return await use(answer)

        return await self._fetcher.run(attempt, url=url)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()
        self._pacer.close()
