"""Creating the server, with an error that explains the installation if its package is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archiver.errors import UsageError

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

    from indexer.search.async_library import AsyncLibrary


def create_mcp_server(library: AsyncLibrary) -> MCPServer[None]:
    """A Model Context Protocol server whose tools search and read `library`, which must stay open.

    ``await server.run_stdio_async()`` serves over stdin and stdout, like ``edgarchive mcp``. Raises `UsageError` if the
    package mcp (extra ``edgarchive[mcp]``) is missing or too old.
    """
    try:
        from edgarchive.mcp_server.server import make_server  # noqa: PLC0415 — the package is an extra, and slow
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "mcp":
            raise
        raise UsageError("this needs the package mcp 2.3 or later", "`pip install 'edgarchive[mcp]'`") from None
    return make_server(library)
