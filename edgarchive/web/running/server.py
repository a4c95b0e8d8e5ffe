"""Running the web application: socket, TLS, and graceful shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import os
import signal
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aiohttp import web

from archiver.errors import StorageError, UsageError
from archiver.startup.dataclass import dataclass
from edgarchive.web.running.connections import Site
from edgarchive.web.safety import CONCURRENT

_log = logging.getLogger(__name__)

SHUTDOWN_S = 20.0
"""Seconds to finish running requests after the server is told to stop."""

_MORE_THREADS = 16


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen. `port` 0 takes a free port. With a certificate and key, only TLS is served."""

    host: str = "127.0.0.1"
    port: int = 8080
    certificate: Path | None = None
    key: Path | None = None

    def check(self, allow_hosts: tuple[str, ...]) -> None:
        """Raise `UsageError` for an address reachable by others without an allowed host name, or half a TLS pair."""
        if (self.certificate is None) != (self.key is None):
            raise UsageError("--tls-cert and --tls-key go together", "give both files")
        if not _is_loopback(self.host) and not allow_hosts:
            raise UsageError(f"{self.host} can be reached by others", "name the hosts to answer for: --allow-host NAME")

    def tls(self) -> ssl.SSLContext | None:
        """The TLS context; None without a certificate. Raises `UsageError` if the files cannot be used."""
        if self.certificate is None or self.key is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(
                f"cannot use the certificate {self.certificate}: {error}", "give a PEM certificate and its key"
            ) from None
        return context


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


async def serve(app: web.Application, address: Address, *, ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM, then finish running requests. `ready` gets the URL once requests are answered.

    Raises `UsageError` if the address cannot be used, `StorageError` if the archive cannot be opened.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    # Slow searches occupy their threads; file reads need more threads meanwhile.
    loop.set_default_executor(ThreadPoolExecutor(CONCURRENT + _MORE_THREADS, thread_name_prefix="serve"))
    runner = web.AppRunner(app, shutdown_timeout=SHUTDOWN_S, handle_signals=False)
    try:
        await runner.setup()
        site = Site(runner, address.host, address.port, ssl_context=address.tls())
        try:
            await site.start()
        except OSError as error:
            raise UsageError(
                f"cannot listen on {address.host} port {address.port}: {_reason(error)}", "choose another --port"
            ) from None
        ready(url_of(runner, address))
        await stop.wait()
    finally:
        with contextlib.suppress(NotImplementedError):
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
        await runner.cleanup()


def _reason(error: OSError) -> str:
    """Why an address cannot be used, without the address, which asyncio repeats."""
    if error.errno is None or isinstance(error, socket.gaierror):
        return str(error.strerror)
    return os.strerror(error.errno)


def url_of(runner: web.AppRunner, address: Address) -> str:
    """The URL for people."""
    port = next((place[1] for place in runner.addresses), None)
    if port is None:
        raise StorageError("the server has no address", "report this")
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{'https' if address.certificate else 'http'}://{host}:{port}/"
