"""A connection to EDGAR: identity, pacing, HTTP and retries combined."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Awaitable, Callable
from typing import Generic, Self

from archiver.edgar.client import Answer, Client, Part
from archiver.edgar.endpoints import Endpoints
from archiver.edgar.pacer import Pacer
from archiver.edgar.retry import ATTEMPTS, Fetcher, Result
from archiver.errors import DamagedBodyError
from archiver.events import event
from archiver.settings.settings import Settings
from archiver.startup.dataclass import dataclass

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Read(Generic[Result]):
    """The parsed body, its ``Last-Modified`` in EDGAR's spelling, and whether it came with a checksum (`check_md5`)."""

    result: Result
    last_modified: str | None
    has_md5: bool = False


class Edgar:
    """EDGAR as configured in the settings. An async context manager; opening it sends no request.

    Raises `SettingsError` if the settings have no identity.
    """

    def __init__(self, settings: Settings) -> None:
        self.endpoints = Endpoints(settings.base_url)
        self._pacer = Pacer(settings.base_url, rate=settings.rate)
        self._client = Client(user_agent=settings.identity(), pacer=self._pacer, concurrency=settings.concurrency)
        self._fetcher = Fetcher(self._pacer, block_pause_s=settings.block_pause_s)

    @property
    def requests(self) -> int:
        """Number of requests sent so far, including retries and redirects."""
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
        """The result of `understand` for the whole decoded body of `url`; if it raises, the file is requested again.

        With `check_md5`, a body that does not match the MD5 in its ETag is damaged. Returns None if EDGAR reports no
        change since `modified_since`, the HTTP date of an existing copy. `why` is for the log; `xml` is as in
        `Client.get`. Raises as `Client.get`, `Fetcher.run` and `understand` do.
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
                return Read(understand(body), answer.last_modified, has_md5=check_md5 and answer.etag_md5 is not None)

        return await self._fetcher.run(attempt, url=url, attempts=attempts)

    async def take(
        self,
        url: str,
        use: Callable[[Answer], Awaitable[Result]],
        *,
        max_bytes: int,
        part: Callable[[], Part | None] = lambda: None,
    ) -> Result:
        """The result of `use` for the open response to `url`; a retry requests it again, for the `part` needed then.

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
