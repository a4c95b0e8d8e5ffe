"""``edgarchive serve``: the archive as web pages, as JSON, and under EDGAR's own URLs."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from archiver.events import event
from edgarchive.cli.options import AsJson, common
from edgarchive.cli.output import print_json, say

_log = logging.getLogger(__name__)


def serve(
    context: typer.Context,
    *,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Port to listen on (0: any free port).")
    ] = 8080,
    allow_host: Annotated[
        list[str] | None, typer.Option("--allow-host", metavar="NAME", help="Also accept this host name.")
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option(metavar="FILE", help="TLS certificate (PEM).")] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="FILE", help="Key of the TLS certificate (PEM).")] = None,
    index: Annotated[
        str, typer.Option(metavar="held|edgar", help="Index files list the archive's contents, or copy EDGAR's.")
    ] = "held",
    workers: Annotated[
        int, typer.Option(metavar="N", min=1, max=64, help="Processes that answer: one per core for a team.")
    ] = 1,
    as_json: AsJson = False,
) -> int:
    """Serve the archive: web pages, JSON, and EDGAR's own URLs for programs that read EDGAR.

    The server is read-only and has no authentication: it listens only on this machine unless --host and --allow-host
    say otherwise. The first line on stdout is its URL. Ctrl-C stops it.
    """
    from edgarchive.watching.searches import usable_searches  # noqa: PLC0415 — as below
    from edgarchive.web.app import create_app  # noqa: PLC0415 — aiohttp and jinja2 are slow to import
    from edgarchive.web.running.server import Address  # noqa: PLC0415 — as above
    from edgarchive.web.running.server import serve as serve_app  # noqa: PLC0415 — as above

    hosts = tuple(allow_host or ())
    address = Address(host, port, tls_cert, tls_key)
    address.check(hosts)
    settings = common(context).settings()
    for fault in usable_searches(settings)[1]:
        _log.warning("a saved search is left out: %s", fault, extra=event("saved-search-left-out", reason=str(fault)))

    def ready(url: str) -> None:
        if as_json:
            print_json({"url": url})
        else:
            say(url)
        sys.stdout.flush()  # a program that waits for this line reads from a pipe

    if workers == 1:
        app = create_app(settings, allow_hosts=hosts, index=index)  # type: ignore[arg-type]  # it checks
        asyncio.run(serve_app(app, address, ready=ready))
    else:
        from edgarchive.web.running.workers import Setup, serve_in_workers  # noqa: PLC0415 — for this option alone

        setup = Setup(settings, address, hosts, index)  # type: ignore[arg-type]  # likewise
        asyncio.run(serve_in_workers(setup, workers=workers, ready=ready))
    return 0
