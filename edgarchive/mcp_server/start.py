"""The server where its package is installed; where it is not, an error that says how to install it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archiver.errors import UsageError

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

    from indexer.search.async_library import AsyncLibrary


def create_mcp_server(library: AsyncLibrary) -> MCPServer[None]:
    """A server of the Model Context Protocol whose tools search and read `library`, which must stay open.

    ``await server.run_stdio_async()`` serves over stdin and stdout, as ``edgarchive mcp`` does. Raises `UsageError`
    where the package mcp (extra ``edgarchive[mcp]``) is missing or too old.
    """
    try:
        from edgarchive.mcp_server.server import make_server  # noqa: PLC0415 — the package is an extra, and slow
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "mcp":
            raise
        raise UsageError("this needs the package mcp 2.3 or later", "`pip install 'edgarchive[mcp]'`") from None
    return make_server(library)
