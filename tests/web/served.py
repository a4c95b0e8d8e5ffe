"""An archive served in a thread of its own, and a plain client for it."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from aiohttp import web
from selectolax.lexbor import LexborHTMLParser, LexborNode

from archiver.settings.settings import Settings
from edgarchive import Library, create_app
from edgarchive.web.running.connections import HEADERS_S, STALL_S, Site
from edgarchive.web.running.server import new_runner


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers by lower-case name, body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        charset = self.headers.get("content-type", "").partition("charset=")[2] or "utf-8"
        return self.body.decode(charset)

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def first(page: LexborHTMLParser | LexborNode, selector: str) -> LexborNode:
    """The first element of a page that `selector` finds; it must be there."""
    found = page.css_first(selector)
    assert found is not None, selector
    return found


def attribute(node: LexborNode, name: str) -> str:
    """An attribute of an element; empty where it has no value."""
    return node.attributes[name] or ""


class Served:
    """A server of the archive in folder `root`, or of the settings or library, on 127.0.0.1, while it is entered."""

    def __init__(
        self,
        root: Path | Settings | Library,
        *,
        allow_hosts: Iterable[str] = (),
        index: str = "held",
        headers_s: float = HEADERS_S,
        stall_s: float = STALL_S,
    ) -> None:
        self._headers_s, self._stall_s = headers_s, stall_s
        self._app_arguments = {"allow_hosts": tuple(allow_hosts), "index": index}
        self._root = root
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._runner: web.AppRunner | None = None
        self.port = 0

    @property
    def base_url(self) -> str:
        """The server's address, without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def app(self) -> web.Application:
        """The application that answers."""
        assert self._runner is not None
        return self._runner.app

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(30)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()

    async def _start(self) -> None:
        self._runner = new_runner(create_app(self._root, **self._app_arguments))  # type: ignore[arg-type]
        await self._runner.setup()
        await Site(self._runner, "127.0.0.1", 0, headers_s=self._headers_s, stall_s=self._stall_s).start()
        self.port = self._runner.addresses[0][1]

    async def _stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def ask(
        self, path: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """One request, its path as it is."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body=body, headers=dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()
