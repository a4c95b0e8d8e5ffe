"""A server over an archive of invented submissions, started as a host starts it, and the SDK's client for it."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Self

import pytest

pytest.importorskip("mcp", reason="needs edgarchive[mcp]")

from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.types import CallToolResult, TextContent, Tool

from archiver.settings.settings import Settings
from edgarchive import import_submissions
from tests.paths import INVENTED, ROOT


class Host:
    """A host of the server: the SDK's client, which starts it, on an event loop of its own."""

    def __init__(self, root: Path) -> None:
        self._command = StdioServerParameters(
            command=sys.executable,
            args=["-m", "edgarchive", "--root", str(root), "mcp"],
            cwd=ROOT,
        )
        self._ready: Future[Client] = Future()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._live(),), daemon=True)
        self._over: asyncio.Event | None = None

    async def _live(self) -> None:
        self._over = asyncio.Event()
        try:
            async with Client(self._command) as client:
                self._ready.set_result(client)
                await self._over.wait()
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)

    def __enter__(self) -> Self:
        self._thread.start()
        self.client = self._ready.result(timeout=60)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._over is not None
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(timeout=30)
        assert not self._thread.is_alive()
        self._loop.close()

    def tools(self) -> dict[str, Tool]:
        """The tools by name."""
        listed = asyncio.run_coroutine_threadsafe(self.client.list_tools(), self._loop).result(timeout=60)
        return {tool.name: tool for tool in listed.tools}

    def call(self, tool: str, **arguments: Any) -> CallToolResult:
        """What the server says, be it an error."""
        asked = self.client.call_tool(tool, arguments)
        return asyncio.run_coroutine_threadsafe(asked, self._loop).result(timeout=60)

    def ask(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The typed answer."""
        result = self.call(tool, **arguments)
        assert not result.is_error, result.content
        assert isinstance(result.structured_content, dict)
        return result.structured_content

    def error(self, tool: str, **arguments: Any) -> str:
        """The words of the error."""
        result = self.call(tool, **arguments)
        assert result.is_error, result.structured_content
        [content] = result.content
        assert isinstance(content, TextContent)
        return content.text


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with every invented submission, indexed."""
    root = tmp_path_factory.mktemp("mcp") / "archive"
    import_submissions([INVENTED], settings=Settings(root=root))
    return root


@pytest.fixture(scope="session")
def host(archive: Path) -> Iterator[Host]:
    """A host that has started the server over `archive`."""
    with Host(archive) as host:
        yield host
