from __future__ import annotations

import asyncio
import gzip
import hashlib
import logging
import socket
import zlib
from collections.abc import Mapping

import pytest
from aiohttp import web

from archiver.edgar.client import Client
from archiver.edgar.pacer import Pacer
from archiver.errors import (
    AbsentError,
    BlockedError,
    DamagedBodyError,
    EdgarchiveError,
    FetchError,
    TooLargeError,
    TroubleError,
    UnreachableError,
)
from tests.unit.servers import Handler, serve
from tests.unit.submissions import submission_bytes

IDENTITY = "Example Research research@example.com"
BODY = submission_bytes() * 200
MAX_BYTES = 10_000_000
MODIFIED = "Sat, 20 Nov 2004 06:00:00 GMT"


async def read(client: Client, url: str, *, max_bytes: int) -> bytes:
    """The whole decoded body of `url`."""
    async with client.get(url, max_bytes=max_bytes) as answer:
        return b"".join([chunk.decoded async for chunk in answer])


def answering(body: bytes = BODY, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Handler:
    """A handler that always gives this answer."""

    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=body, status=status, headers=headers)

    return handler


@pytest.mark.parametrize("encoding", ["gzip", "deflate", ""])
async def test_the_decoded_body_is_what_was_sent(client: Client, encoding: str) -> None:
    """With either encoding asked for, and with none."""
    sent = {"gzip": gzip.compress(BODY), "deflate": zlib.compress(BODY), "": BODY}[encoding]
    async with serve(answering(sent, headers={"Content-Encoding": encoding} if encoding else {})) as base:
        assert await read(client, base, max_bytes=MAX_BYTES) == BODY


async def test_received_bytes_and_checksum_come_with_the_answer(client: Client) -> None:
    """The received bytes are whole, byte for byte, beside the decoded ones."""
    packed = gzip.compress(BODY)
    md5 = hashlib.md5(BODY, usedforsecurity=False).hexdigest()
    headers = {"Content-Encoding": "gzip", "ETag": f'"{md5}-gzip"'}
    async with serve(answering(packed, headers=headers)) as base, client.get(base, max_bytes=MAX_BYTES) as answer:
        chunks = [chunk async for chunk in answer]
        assert (answer.is_gzip, answer.etag_md5, answer.url) == (True, md5, base)
    assert b"".join(chunk.received for chunk in chunks) == packed
    assert b"".join(chunk.decoded for chunk in chunks) == BODY


async def test_every_request_names_its_sender(client: Client) -> None:
    """Identity and encodings as the SEC asks; the contact address stays out of logs."""
    seen: list[Mapping[str, str]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.headers)
        return web.Response(body=BODY)

    async with serve(handler) as base:
        await read(client, base, max_bytes=MAX_BYTES)
    assert (seen[0]["User-Agent"], seen[0]["Accept-Encoding"]) == (IDENTITY, "gzip, deflate")


async def test_the_contact_address_stays_out_of_logs(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """Not even the most talkative log names it."""
    with caplog.at_level(logging.DEBUG):
        async with serve(answering(status=500)) as base:
            with pytest.raises(TroubleError):
                await read(client, base, max_bytes=MAX_BYTES)
    assert "GET http" in caplog.text
    assert "example.com" not in caplog.text


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (403, b"<Error><Code>AccessDenied</Code></Error>", AbsentError),
        (403, b"<html>refused</html>", BlockedError),
        (200, b"<html>" + b" " * 5000 + b"Undeclared Automated Tool</html>", BlockedError),
        (429, b"", BlockedError),
        (503, b"", TroubleError),
        (200, b"", TroubleError),
        (200, b"<html>hello</html>", DamagedBodyError),
        (304, b"", FetchError),
    ],
)
async def test_a_refusal_is_raised_before_a_byte_is_handed_out(
    client: Client, status: int, body: bytes, expected: type[EdgarchiveError]
) -> None:
    """Status and body of a real answer are told apart as the table of refusals says."""
    async with serve(answering(body, status=status)) as base:
        with pytest.raises(expected) as caught:
            await read(client, base, max_bytes=MAX_BYTES)
    assert type(caught.value) is expected


@pytest.mark.parametrize("encoding", ["gzip", ""])
async def test_a_body_above_the_limit_is_left(client: Client, encoding: str) -> None:
    """The bound is on decoded bytes, so a small bomb is refused; a body of exactly that size is taken."""
    sent = gzip.compress(BODY) if encoding else BODY
    async with serve(answering(sent, headers={"Content-Encoding": encoding} if encoding else {})) as base:
        with pytest.raises(TooLargeError):
            await read(client, base, max_bytes=len(BODY) - 1)
        assert await read(client, base, max_bytes=len(BODY)) == BODY


async def test_redirects_on_the_host_are_followed_and_paced(client: Client, pacer: Pacer) -> None:
    """EDGAR redirects a CIK with leading zeros; the second request counts."""

    async def handler(request: web.Request) -> web.Response:
        if request.path == "/new":
            return web.Response(body=BODY)
        return web.Response(status=301, headers={"Location": "/new"})

    async with serve(handler) as base:
        async with client.get(f"{base}/old", max_bytes=MAX_BYTES) as answer:
            assert answer.url == f"{base}/new"
        assert pacer.starts == 2


@pytest.mark.parametrize(
    "location", ["http://127.0.0.2/", "//elsewhere.invalid/", "https://127.0.0.1/", "mailto:a@b", "http://[", "", None]
)
async def test_a_redirect_to_anywhere_else_is_refused(client: Client, pacer: Pacer, location: str | None) -> None:
    """No other host, port or scheme is asked, and a senseless or endless redirect ends too, as an error of ours."""
    headers = {} if location is None else {"Location": location}
    async with serve(answering(status=302, headers=headers)) as base:
        with pytest.raises(FetchError):
            await read(client, base, max_bytes=MAX_BYTES)
    assert pacer.starts <= 4


@pytest.mark.parametrize("cut", ["length", "gzip"])
async def test_a_connection_that_breaks_is_trouble(client: Client, cut: str) -> None:
    """A body that ends early is never taken for a whole one, by its length or by its gzip."""

    async def handler(request: web.Request) -> web.StreamResponse:
        if cut == "gzip":
            return web.Response(body=gzip.compress(BODY)[:-20], headers={"Content-Encoding": "gzip"})
        response = web.StreamResponse(headers={"Content-Length": str(len(BODY))})
        await response.prepare(request)
        await response.write(BODY[:100_000])
        assert request.transport is not None
        request.transport.close()
        return response

    async with serve(handler) as base:
        with pytest.raises(TroubleError):
            await read(client, base, max_bytes=MAX_BYTES)


async def test_a_port_where_nobody_listens_is_unreachable(client: Client) -> None:
    """No connection is an error that says which host."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1"):
        await read(client, f"http://127.0.0.1:{port}/", max_bytes=MAX_BYTES)


async def test_an_answer_left_early_does_not_hold_the_connection(client: Client) -> None:
    """Whoever stops reading leaves nothing behind: the next request is answered."""
    async with serve(answering(BODY * 50)) as base:
        for _ in range(6):
            async with client.get(base, max_bytes=100_000_000) as answer:
                async for _chunk in answer:
                    break


async def test_what_has_not_changed_has_no_body(client: Client) -> None:
    """A 304 is an answer only to who has asked for it; nobody else is told that nothing has changed."""
    asked: list[str | None] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.headers.get("If-Modified-Since"))
        return web.Response(status=304)

    async with serve(handler) as base:
        async with client.get(base, max_bytes=MAX_BYTES, modified_since=MODIFIED) as answer:
            assert answer.is_unmodified
            assert [chunk async for chunk in answer] == []
        with pytest.raises(FetchError, match="304"):
            await read(client, base, max_bytes=MAX_BYTES)
    assert asked == [MODIFIED, None]


async def test_a_part_is_not_taken_for_the_whole(client: Client) -> None:
    """206 answers a request for a range, and none was made."""
    async with serve(answering(BODY[:1000], status=206)) as base:
        with pytest.raises(DamagedBodyError, match="206"):
            await read(client, base, max_bytes=MAX_BYTES)


async def test_what_nobody_asked_for_is_not_the_answer_to_the_next_request(client: Client) -> None:
    """A server that sends more on an idle connection shifts no answer: the connection is used no more."""
    sent = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        transport, loop = request.transport, asyncio.get_running_loop()
        assert transport is not None

        def send_more() -> None:
            transport.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone")
            loop.call_later(0.05, sent.set)

        loop.call_later(0.05, send_more)
        return web.Response(body=BODY + request.path.encode())

    async with serve(handler) as base:
        for path in ("/1", "/2", "/3"):
            sent.clear()
            assert await read(client, f"{base}{path}", max_bytes=MAX_BYTES) == BODY + path.encode()
            await sent.wait()
