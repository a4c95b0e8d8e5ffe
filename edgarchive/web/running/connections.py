"""Time limits of client connections, and their log records.

aiohttp waits indefinitely for the headers of a connection's first request and for a client that does not read, and it
logs clients' mistakes as errors, with traceback and client address.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import socket
import ssl
import sys
import time
from http import HTTPStatus
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from archiver.events import event
from edgarchive.web.safety import ResponseEndedError, set_headers

_log = logging.getLogger(__name__)
_access_log = logging.getLogger("edgarchive.web.access")

HEADERS_S, KEEP_ALIVE_S, STALL_S = 15.0, 30.0, 60.0
"""Time limits in seconds: for the headers of the first request; between requests, including headers; for a client to
continue reading.
"""

_KEPT_FILES = 512
"""Of the files that a process may open, those kept for the archive, its index, the files that are sent, and bursts."""

_SAY_EVERY_S = 60.0

_READ_BYTES = 1 << 14
"""The bytes of a pending response that a client must read within STALL_S."""


class AccessLog(AbstractAccessLogger):
    """A line for each request: the request, status, bytes and seconds, but not the client."""

    @property
    def enabled(self) -> bool:
        """Whether these lines are logged."""
        return _access_log.isEnabledFor(logging.INFO)

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Log one request; `time` in seconds."""
        facts = event(
            "served",
            method=request.method,
            path=request.path_qs,
            status=response.status,
            bytes=response.body_length,
            seconds=round(time, 4),
        )
        line = (request.method, request.path_qs, response.status, response.body_length, time)
        _access_log.info('"%s %s" %d, %d bytes, %.3f s', *line, extra=facts)


class Room:
    """How many connections a process may have: the files it may open, without those that answers need.

    Where a process can open no file any more, the event loop logs a line for each attempt to accept a connection, and
    requests fail.
    """

    def __init__(self) -> None:
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._left = sys.maxsize if most == resource.RLIM_INFINITY else max(most // 4, most - _KEPT_FILES)
        self._said_s = -_SAY_EVERY_S

    def enter(self) -> bool:
        """Count a new connection; False, with a warning now and then, if there is no room for it."""
        if self._left > 0:
            self._left -= 1
            return True
        if time.monotonic() - self._said_s >= _SAY_EVERY_S:
            self._said_s = time.monotonic()
            facts = event("connections-full")
            _log.warning("too many connections: new ones are closed; `ulimit -n` sets how many", extra=facts)
        return False

    def leave(self) -> None:
        """Count the end of a connection that was let in."""
        self._left += 1


class Connection(web.RequestHandler):
    """A connection with time limits: a client that sends or reads too slowly is disconnected."""

    __slots__ = ("_first_request", "_headers_s", "_is_in", "_reader", "_room", "_stall_s", "_unread_bytes")

    def __init__(self, server: web.Server, *, room: Room, headers_s: float, stall_s: float, **options: Any) -> None:
        super().__init__(server, **options)
        self._room, self._is_in = room, False
        self._headers_s = headers_s
        self._stall_s = stall_s
        self._first_request: asyncio.TimerHandle | None = None
        self._reader: asyncio.TimerHandle | None = None
        self._unread_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the timer for the first request; without room, end the connection."""
        super().connection_made(transport)
        self._is_in = self._room.enter()
        if not self._is_in and isinstance(transport, asyncio.WriteTransport):
            transport.abort()
            return
        self._first_request = self._loop.call_later(self._headers_s, self._end_without_request)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop all timers."""
        super().connection_lost(exc)
        if self._is_in:
            self._room.leave()
            self._is_in = False
        for timer in (self._first_request, self._reader):
            if timer is not None:
                timer.cancel()

    def _end_without_request(self) -> None:
        if not self._request_count:
            self.force_close()

    def pause_writing(self) -> None:
        """Start the timer for a client that reads more slowly than the response is written."""
        super().pause_writing()
        self._unread_bytes = self._unread()
        self._reader = self._loop.call_later(self._stall_s, self._end_unless_read)

    def resume_writing(self) -> None:
        """Stop that timer."""
        super().resume_writing()
        if self._reader is not None:
            self._reader.cancel()

    def _unread(self) -> int:
        return 0 if self.transport is None else self.transport.get_write_buffer_size()

    def _end_unless_read(self) -> None:
        unread = self._unread()
        if self.transport is not None and unread > self._unread_bytes - _READ_BYTES:
            self.transport.abort()
            return
        self._unread_bytes = unread
        self._reader = self._loop.call_later(self._stall_s, self._end_unless_read)

    def log_exception(self, *args: Any, **options: Any) -> None:
        """Log a failure of the server; a body that could not be read was the client's, and has been answered."""
        if isinstance(options.get("exc_info"), web.RequestPayloadError):
            _log.debug("a body could not be read", extra=event("unreadable-request", reason="body"))
        else:
            super().log_exception(*args, **options)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The response to invalid HTTP (400, logged for debugging only), or to a request that failed (logged).

        Raises ConnectionError if the client has gone, or a response has begun.
        """
        if isinstance(exc, ConnectionError) and (self.transport is None or self.transport.is_closing()):
            _log.debug("a client left before it had its response", extra=event("client-left", path=request.path))
            raise exc
        if isinstance(exc, ResponseEndedError):
            raise exc
        if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.debug("a request could not be read: %s", message, extra=event("unreadable-request", reason=message))
        else:
            facts = event("request-failed", method=request.method, path=request.path)
            _log.error("%s %s failed", request.method, request.path, exc_info=exc, extra=facts)
        if request.writer.output_size > 0:
            raise ResponseEndedError
        said = "The request could not be read.\n" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "Internal error.\n"
        response = web.Response(status=status, text=said)
        set_headers(response)
        response.force_close()
        return response


class Site(web.TCPSite):
    """A listening socket whose clients each get a `Connection`.

    With `shared`, a socket that is bound already and on which several processes listen, `host` and `port` are not used.
    """

    def __init__(
        self,
        runner: web.AppRunner,
        host: str = "",
        port: int = 0,
        *,
        shared: socket.socket | None = None,
        ssl_context: ssl.SSLContext | None = None,
        headers_s: float = HEADERS_S,
        stall_s: float = STALL_S,
    ) -> None:
        super().__init__(runner, host, port, ssl_context=ssl_context)
        self._shared = shared
        self._options: dict[str, Any] = {
            "room": Room(),
            "headers_s": headers_s,
            "stall_s": stall_s,
            "keepalive_timeout": KEEP_ALIVE_S,
            "access_log_class": AccessLog,
            "access_log": _access_log,
        }

    async def start(self) -> None:
        """Listen. Raises OSError if the address cannot be used."""
        await web.BaseSite.start(self)
        loop = asyncio.get_running_loop()
        server = self._runner.server
        assert server is not None  # noqa: S101 — the runner was set up before
        where: dict[str, Any] = {"host": self._host, "port": self._port, "backlog": self._backlog}
        if self._shared is not None:
            # a process takes one connection at a time, so that those which are busy leave the others to the rest
            where = {"sock": self._shared, "backlog": 1}
        self._server = await loop.create_server(
            lambda: Connection(server, loop=loop, **self._options), ssl=self._ssl_context, **where
        )
        if self._shared is not None:
            self._shared.listen(self._backlog)
