"""Running the web application: socket, TLS, and graceful shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import os
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aiohttp import web

from archiver.errors import UsageError
from archiver.startup.dataclass import dataclass
from edgarchive.web.limits.gate import CONCURRENT
from edgarchive.web.running.connections import Site

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

    def url(self, port: int) -> str:
        """The URL for people; `port` is the one that was taken."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.certificate else 'http'}://{host}:{port}/"


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
    runner = new_runner(app)
    try:
        with stop_signals() as stop:
            await runner.setup()
            with listening_errors(address):
                await Site(runner, address.host, address.port, ssl_context=address.tls()).start()
            ready(address.url(next(place[1] for place in runner.addresses)))
            await stop.wait()
    finally:
        await runner.cleanup()


def new_runner(app: web.Application) -> web.AppRunner:
    """A runner of `app`, with threads for its work; `AppRunner.cleanup` finishes running requests."""
    # Slow searches occupy their threads; file reads need more threads meanwhile.
    executor = ThreadPoolExecutor(CONCURRENT + _MORE_THREADS, thread_name_prefix="serve")
    asyncio.get_running_loop().set_default_executor(executor)
    # nobody reads the rest of a long list whose client has left
    return web.AppRunner(app, shutdown_timeout=SHUTDOWN_S, handle_signals=False, handler_cancellation=True)


@contextlib.contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set. Afterwards, a further signal ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        with contextlib.suppress(NotImplementedError):
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


@contextlib.contextmanager
def listening_errors(address: Address) -> Iterator[None]:
    """Raise `UsageError` in place of an OSError."""
    try:
        yield
    except OSError as error:
        is_host = isinstance(error, socket.gaierror) or error.errno in {errno.EADDRNOTAVAIL, None}
        raise UsageError(
            f"cannot listen on {address.host} port {address.port}: {_reason(error)}",
            f"choose another --{'host' if is_host else 'port'}",
        ) from None


def _reason(error: OSError) -> str:
    """Why an address cannot be used, without the address, which asyncio repeats.

    From Python 3.13 on, asyncio gives no number where a host has none of the addresses that were asked for.
    """
    if isinstance(error, socket.gaierror):
        return str(error.strerror)
    return os.strerror(error.errno or errno.EADDRNOTAVAIL)
