"""``edgarchive mcp``: the archive as tools for a language model, over stdin and stdout."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from archiver.events import event
from edgarchive.cli.options import Common, common
from edgarchive.cli.output import print_json
from indexer.search.async_library import AsyncLibrary

if TYPE_CHECKING:
    from archiver.settings.settings import Settings

_notes = logging.getLogger("edgarchive.cli.notes")


def mcp(
    context: typer.Context,
    *,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print the JSON that MCP hosts need, and exit.")
    ] = False,
) -> int:
    """Let a language model search and read the archive over the Model Context Protocol.

    An MCP host, such as a desktop assistant or an editor, starts this command and talks to it over stdin and stdout.
    The server is read-only. It needs `pip install 'edgarchive[mcp]'`.
    """
    options = common(context)
    settings = options.settings()
    if print_config:
        print_json(_config(options, settings))
        return 0
    if sys.stdin.isatty():
        _notes.info(
            "this waits for an MCP host on stdin; `edgarchive mcp --print-config` says how to set one up",
            extra=event("mcp-waits"),
        )
    # A read from stdin cannot be cancelled, and nothing needs finishing: Ctrl-C ends the process at once.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    has_reader = True
    try:
        asyncio.run(_serve(settings))
    except* BrokenPipeError:  # raised in a group, by the task that writes
        has_reader = False
    if not has_reader:
        raise BrokenPipeError
    return 0


async def _serve(settings: Settings) -> None:
    from edgarchive.mcp_server.start import create_mcp_server  # noqa: PLC0415 — its help needs no SDK

    async with AsyncLibrary(settings=settings) as library:
        await create_mcp_server(library).run_stdio_async()


def _config(options: Common, settings: Settings) -> dict[str, object]:
    """The configuration for hosts, with absolute paths, since a host starts its servers in a folder of its own."""
    arguments = ["-m", "edgarchive", "--root", str(settings.root.absolute())]
    if options.config is not None:
        arguments += ["--config", str(options.config.absolute())]
    return {"mcpServers": {"edgarchive": {"command": sys.executable, "args": [*arguments, "mcp"]}}}
