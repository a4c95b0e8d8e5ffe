"""What goes wrong between EDGAR and its clients, one named fault each, for `LoopbackEdgar.inject`.

A fault alters the answer, or the way it is sent, or both. Where a fault keeps the ETag of the whole body, a client that
checks it can tell; where it drops it, only the body itself can.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import re
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from types import MappingProxyType

from aiohttp import web

from tests.loopback import pages
from tests.loopback.answers import Answer, WireAnswer

Sender = Callable[[web.Request, WireAnswer], Awaitable[web.StreamResponse]]
"""Sends an answer to the client that asked."""

_ENTRY = re.compile(r"<entry>.*?</entry>\n?", re.DOTALL)
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


async def send_whole(request: web.Request, wire: WireAnswer) -> web.StreamResponse:
    """The faultless sender: everything, at once."""
    response = await _begin(request, wire, length=len(wire.body))
    await response.write(wire.body)
    await response.write_eof()
    return response


def unaltered(answer: Answer) -> Answer:
    """`answer` as it is."""
    return answer


@dataclass(frozen=True, slots=True)
class Fault:
    """`alter` changes the answer, `send` is how it goes out; `answers` is False where not even a status line does."""

    name: str
    alter: Callable[[Answer], Answer] = unaltered
    send: Sender = send_whole
    answers: bool = True


def block_page_403() -> Fault:
    """The rate limit's block page, as EDGAR mostly sends it."""
    return Fault("block_page_403", alter=lambda _: pages.rate_threshold())


def block_page_200() -> Fault:
    """The block page with status 200."""
    return Fault("block_page_200", alter=lambda _: pages.rate_threshold(status=HTTPStatus.OK))


def undeclared_200() -> Fault:
    """The undeclared tool page with status 200."""
    return Fault("undeclared_200", alter=lambda _: pages.undeclared_tool(status=HTTPStatus.OK))


def too_many_requests_429(*, retry_after: str | None = None) -> Fault:
    """The newer spelling of the block, with a ``Retry-After`` if given."""
    return Fault(
        "too_many_requests_429",
        alter=lambda _: pages.rate_threshold(status=HTTPStatus.TOO_MANY_REQUESTS, retry_after=retry_after),
    )


def maintenance_503() -> Fault:
    """The maintenance page."""
    return Fault("maintenance_503", alter=lambda _: pages.file_unavailable())


def maintenance_200() -> Fault:
    """The maintenance page with status 200."""
    return Fault("maintenance_200", alter=lambda _: pages.file_unavailable(status=HTTPStatus.OK))


def absent_403() -> Fault:
    """S3's AccessDenied: not published (yet)."""
    return Fault("absent_403", alter=lambda _: pages.access_denied())


def no_such_key_404() -> Fault:
    """S3's NoSuchKey."""
    return Fault("no_such_key_404", alter=lambda _: pages.no_such_key("Archives/edgar/data"))


def server_error_500() -> Fault:
    """A bare 500."""
    return Fault("server_error_500", alter=lambda _: pages.server_error())


def empty_body() -> Fault:
    """Status 200 and no bytes, under the ETag of the whole body."""
    return Fault("empty_body", alter=lambda answer: dataclasses.replace(answer, body=b""))


def html_for_sgml() -> Fault:
    """A web page that is none of those known, with status 200."""
    return Fault("html_for_sgml", alter=lambda _: pages.unknown_page())


def wrong_etag() -> Fault:
    """The whole body under the MD5 of another."""
    other = hashlib.md5(b"another body", usedforsecurity=False).hexdigest()
    return Fault("wrong_etag", alter=lambda answer: dataclasses.replace(answer, etag_md5=other))


def flipped_byte() -> Fault:
    """One bit of the middle byte is another; the ETag is that of the true body, the gzip stream is sound."""
    return Fault("flipped_byte", alter=lambda answer: dataclasses.replace(answer, body=_flipped(answer.body)))


def no_closing_tag() -> Fault:
    """The first two thirds of the body, well framed, under the ETag of the whole."""
    return Fault("no_closing_tag", alter=lambda answer: dataclasses.replace(answer, body=_cut(answer.body)))


def no_closing_tag_no_etag() -> Fault:
    """The first two thirds of the body, well framed, without any ETag."""
    return Fault(
        "no_closing_tag_no_etag",
        alter=lambda answer: dataclasses.replace(answer, body=_cut(answer.body), etag_md5=None),
    )


def redirect_same_host() -> Fault:
    """A redirect to the same path with a query string, which this EDGAR ignores."""
    return Fault("redirect_same_host", alter=lambda _: pages.moved("?again", status=HTTPStatus.FOUND))


def redirect_other_host() -> Fault:
    """A redirect to a host that does not exist (RFC 2606)."""
    location = "https://elsewhere.invalid/Archives/edgar/data/"
    return Fault("redirect_other_host", alter=lambda _: pages.moved(location, status=HTTPStatus.FOUND))


def feed_unavailable_503() -> Fault:
    """The maintenance page in place of the feed of current filings: past its end, and sometimes at its start."""
    return Fault("feed_unavailable_503", alter=lambda _: pages.file_unavailable())


def feed_duplicates() -> Fault:
    """Every tenth entry of the feed stands there twice."""

    def alter(answer: Answer) -> Answer:
        return _with_entries(
            answer, [one for at, entry in enumerate(_entries(answer)) for one in [entry] * (1 + (at % 10 == 0))]
        )

    return Fault("feed_duplicates", alter=alter)


def feed_wrong_order() -> Fault:
    """Neighbouring entries of the feed have changed places."""

    def alter(answer: Answer) -> Answer:
        entries = _entries(answer)
        entries[0:-1:2], entries[1::2] = entries[1::2], entries[0:-1:2]
        return _with_entries(answer, entries)

    return Fault("feed_wrong_order", alter=alter)


def feed_grows(*, entries: int = 3) -> Fault:
    """Filings arrive while the feed is read: each page begins with the last `entries` of the page before it."""
    pushed: list[str] = []

    def alter(answer: Answer) -> Answer:
        shown = [*pushed, *_entries(answer)]
        kept, pushed[:] = shown[: len(shown) - len(pushed)] or shown, shown[-entries:]
        return _with_entries(answer, kept)

    return Fault("feed_grows", alter=alter)


def feed_cut() -> Fault:
    """The first half of a page of the feed, well framed."""
    return Fault(
        "feed_cut", alter=lambda answer: dataclasses.replace(answer, body=answer.body[: len(answer.body) // 2])
    )


def no_ranges() -> Fault:
    """The whole file, whatever part was asked for."""
    return Fault("no_ranges", alter=lambda answer: dataclasses.replace(answer, ranges=False))


def another_version() -> Fault:
    """The answer of a file that has just been written again."""
    later = datetime(2030, 1, 1, tzinfo=UTC)
    return Fault("another_version", alter=lambda answer: dataclasses.replace(answer, last_modified=later))


def short_body() -> Fault:
    """``Content-Length`` of the whole body, half of it, then the connection is closed."""

    async def send(request: web.Request, wire: WireAnswer) -> web.StreamResponse:
        response = await _begin(request, wire, length=len(wire.body))
        await response.write(wire.body[: len(wire.body) // 2])
        _transport(request).close()
        return response

    return Fault("short_body", send=send)


def cut_gzip() -> Fault:
    """Half of the bytes on the wire, well framed: a gzip stream without its end."""

    async def send(request: web.Request, wire: WireAnswer) -> web.StreamResponse:
        return await send_whole(request, dataclasses.replace(wire, body=wire.body[: len(wire.body) // 2]))

    return Fault("cut_gzip", send=send)


def reset_mid_body(*, after_s: float = 0.05) -> Fault:
    """Half of the body, then, `after_s` seconds later, a TCP reset. The pause lets the client see that half first."""

    async def send(request: web.Request, wire: WireAnswer) -> web.StreamResponse:
        response = await _begin(request, wire, length=len(wire.body))
        await response.write(wire.body[: len(wire.body) // 2])
        await asyncio.sleep(after_s)
        _reset(request)
        return response

    return Fault("reset_mid_body", send=send)


def reset_before_answer() -> Fault:
    """A TCP reset in place of an answer."""

    async def send(request: web.Request, wire: WireAnswer) -> web.StreamResponse:
        _reset(request)
        return web.StreamResponse(status=wire.status)

    return Fault("reset_before_answer", send=send, answers=False)


def slow_first_byte(*, delay_s: float = 0.5) -> Fault:
    """Nothing for `delay_s` seconds, then the whole answer."""

    async def send(request: web.Request, wire: WireAnswer) -> web.StreamResponse:
        await asyncio.sleep(delay_s)
        return await send_whole(request, wire)

    return Fault("slow_first_byte", send=send)


def trickle(*, pieces: int = 20, pause_s: float = 0.1) -> Fault:
    """The whole body in `pieces`, with `pause_s` seconds before each."""

    async def send(request: web.Request, wire: WireAnswer) -> web.StreamResponse:
        response = await _begin(request, wire, length=len(wire.body))
        step = max(1, -(-len(wire.body) // pieces))
        for start in range(0, len(wire.body), step):
            await asyncio.sleep(pause_s)
            await response.write(wire.body[start : start + step])
        await response.write_eof()
        return response

    return Fault("trickle", send=send)


FAULTS: Mapping[str, Callable[[], Fault]] = MappingProxyType(
    {
        make.__name__: make
        for make in (
            block_page_403,
            block_page_200,
            undeclared_200,
            too_many_requests_429,
            maintenance_503,
            maintenance_200,
            absent_403,
            no_such_key_404,
            server_error_500,
            empty_body,
            html_for_sgml,
            wrong_etag,
            flipped_byte,
            no_closing_tag,
            no_closing_tag_no_etag,
            redirect_same_host,
            redirect_other_host,
            feed_unavailable_503,
            feed_duplicates,
            feed_wrong_order,
            feed_grows,
            feed_cut,
            no_ranges,
            another_version,
            short_body,
            cut_gzip,
            reset_mid_body,
            reset_before_answer,
            slow_first_byte,
            trickle,
        )
    }
)
"""Every fault by its name, with its default parameters."""


async def _begin(request: web.Request, wire: WireAnswer, *, length: int) -> web.StreamResponse:
    response = web.StreamResponse(status=wire.status, headers=wire.headers)
    response.content_length = length
    await response.prepare(request)
    return response


def _transport(request: web.Request) -> asyncio.Transport:
    transport = request.transport
    if not isinstance(transport, asyncio.Transport):
        raise ConnectionResetError("the client is gone")
    return transport


def _reset(request: web.Request) -> None:
    """Close the connection so that the client's system sees RST, not FIN."""
    transport = _transport(request)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()


def _entries(answer: Answer) -> list[str]:
    """The entries of a page of the feed of current filings."""
    return _ENTRY.findall(answer.body.decode("latin-1"))


def _with_entries(answer: Answer, entries: list[str]) -> Answer:
    """The same page with other entries; what is no page of the feed stays as it is."""
    text = answer.body.decode("latin-1")
    found = _entries(answer)
    if not found:
        return answer
    begin, end = text.index(found[0]), text.rindex("</feed>")
    return dataclasses.replace(answer, body=(text[:begin] + "".join(entries) + text[end:]).encode("latin-1"))


def _cut(body: bytes) -> bytes:
    return body[: len(body) * 2 // 3]


def _flipped(body: bytes) -> bytes:
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
