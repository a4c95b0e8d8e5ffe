"""A server that lies about length, type, encoding, identity or time: refused by an error of ours, and soon."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from archiver.edgar.client import Client
from archiver.edgar.pacer import Pacer
from archiver.edgar.retry import ATTEMPTS
from archiver.errors import (
    DamagedBodyError,
    EdgarchiveError,
    FetchError,
    TooLargeError,
    TroubleError,
    UnreachableError,
)
from archiver.selection.selection import Selection
from archiver.settings.settings import Settings
from edgarchive.mirror import Mirror
from tests.hostile.raw_server import Lie, exactly, http, lying
from tests.loopback import LoopbackEdgar
from tests.loopback.answers import Answer
from tests.loopback.faults import Fault
from tests.unit.submissions import submission_bytes

IDENTITY = "Example Research research@example.com"
BODY = submission_bytes()
PATIENCE_S = 0.3


@pytest_asyncio.fixture
async def client(pacer: Pacer) -> AsyncIterator[Client]:
    """A client that loses its patience soon."""
    async with Client(user_agent=IDENTITY, pacer=pacer, concurrency=4, patience_s=PATIENCE_S) as made:
        yield made


async def read(client: Client, url: str, *, max_bytes: int = 1_000_000) -> bytes:
    """The whole decoded body of `url`."""
    async with client.get(url, max_bytes=max_bytes) as answer:
        return b"".join([chunk.decoded async for chunk in answer])


def endless(head: bytes, piece: bytes, *, pause_s: float = 0.0) -> Lie:
    """Send `head`, then `piece` for ever."""

    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return send


LIES: dict[str, tuple[Lie, type[EdgarchiveError]]] = {
    "a length that is longer than the body": (exactly(http(BODY, length=len(BODY) + 1)), TroubleError),
    "a length that no disk could hold": (exactly(http(BODY, length=10**18)), TroubleError),
    "a length that is negative": (exactly(http(BODY, length=-1)), TroubleError),
    "two lengths": (exactly(http(BODY, "Content-Length: 7")), TroubleError),
    "a length and chunks": (exactly(http(BODY, "Transfer-Encoding: chunked")), TroubleError),
    "chunks that are none": (
        exactly(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + BODY),
        TroubleError,
    ),
    "a chunk of more bytes than there are": (
        exactly(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n" + BODY),
        TroubleError,
    ),
    "no HTTP at all": (exactly(b"220 smtp.example.com ESMTP\r\n"), TroubleError),
    "a status that is none": (exactly(http(BODY, status="9999 Yes")), EdgarchiveError),
    "a header of a megabyte": (exactly(http(BODY, "X: " + "x" * 1_000_000)), TroubleError),
    "a hundred thousand headers": (exactly(http(BODY, *[f"X{n}: x" for n in range(100_000)])), TroubleError),
    "headers for ever": (endless(b"HTTP/1.1 200 OK\r\n", b"X: " + b"x" * 1000 + b"\r\n"), TroubleError),
    "headers now and then": (endless(b"HTTP/1.1 200 OK\r\n", b"X: x\r\n", pause_s=0.02), TroubleError),
    "a body now and then": (endless(http(BODY, length=10**9), b"x", pause_s=0.02), TroubleError),
    "nothing, now or ever": (endless(b"", b"", pause_s=0.02), TroubleError),
    "a body for ever": (endless(b"HTTP/1.1 200 OK\r\n\r\n" + BODY, b"x" * 65536), TooLargeError),
    "gzip that is none": (exactly(http(BODY, "Content-Encoding: gzip")), DamagedBodyError),
    "no gzip that is": (exactly(http(gzip.compress(BODY), "Content-Encoding: deflate")), DamagedBodyError),
    "gzip of gzip, told": (
        exactly(http(gzip.compress(gzip.compress(BODY)), "Content-Encoding: gzip, gzip")),
        DamagedBodyError,
    ),
    "an encoding nobody asked for": (exactly(http(BODY, "Content-Encoding: br")), DamagedBodyError),
    "gzip, and padding for ever": (
        endless(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(BODY), bytes(65536)),
        EdgarchiveError,
    ),
    "gzip, and empty members for ever": (
        endless(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(BODY), gzip.compress(b"") * 3000),
        EdgarchiveError,
    ),
    "gzip, and members of one letter for ever": (
        endless(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", gzip.compress(b"x") * 3000),
        TooLargeError,
    ),
    "a bomb": (exactly(http(gzip.compress(bytes(20_000_000)), "Content-Encoding: gzip")), TooLargeError),
    "a bomb of bombs": (exactly(http(gzip.compress(bytes(2000)) * 5000, "Content-Encoding: gzip")), TooLargeError),
    "a web page as plain text": (exactly(http(b"<html>hello</html>", "Content-Type: text/plain")), DamagedBodyError),
    "nothing has changed, said to one who has nothing": (exactly(http(b"", status="304 No")), FetchError),
    "a part, said to one who wants the whole": (
        exactly(http(BODY, "Content-Range: bytes 5-9/9", status="206 Some")),
        DamagedBodyError,
    ),
    "a part that begins beyond all numbers": (
        exactly(http(BODY, f"Content-Range: bytes {'9' * 5000}-/9", status="206 Some")),
        DamagedBodyError,
    ),
    "no such redirect": (exactly(http(b"", "Location: http://[", status="302 There")), FetchError),
    "a redirect to a file": (exactly(http(b"", "Location: file:///etc/passwd", status="302 There")), FetchError),
    "a redirect to another scheme": (
        exactly(http(b"", "Location: https://127.0.0.1/", status="302 There")),
        FetchError,
    ),
    "a redirect to itself": (exactly(http(b"", "Location: ?", status="302 There")), FetchError),
}


@pytest.mark.parametrize(("lie", "expected"), LIES.values(), ids=LIES.keys())
async def test_every_lie_is_refused_by_an_error_of_ours(
    client: Client, lie: Lie, expected: type[EdgarchiveError]
) -> None:
    """No lie ends in an exception that is not ours, in a body that is taken, or in waiting for ever."""
    async with lying(lie) as (base, _), asyncio.timeout(20):
        with pytest.raises(expected) as caught:
            await read(client, base)
    assert "\n" not in str(caught.value)
    assert str(caught.value).isprintable()
    too_slow = [f"{what} now and then" for what in ("headers", "a body")] + ["nothing, now or ever"]
    assert getattr(caught.value, "too_slow", False) is (lie in {LIES[name][0] for name in too_slow})


async def test_a_content_type_decides_nothing(client: Client) -> None:
    """EDGAR's own types are of no use: the bytes say what a body is."""
    async with lying(exactly(http(BODY, "Content-Type: image/png; charset=klingon"))) as (base, _):
        assert await read(client, base) == BODY


ECHOES = {
    "in a title": http(f"<html><title>{IDENTITY} is not welcome</title></html>".encode()),
    "in a redirect": http(b"", f"Location: http://{IDENTITY.replace(' ', '/')}:x/", status="302 There"),
    "in a redirect, escaped": http(b"", "Location: http://[/?research%40example.com", status="302 There"),
    "in an encoding": http(BODY, f"Content-Encoding: {IDENTITY.rpartition(' ')[2]}"),
    "in no HTTP": IDENTITY.encode() + b"\r\n\r\n",
    "in a header that is none": http(BODY, f"{IDENTITY}\0"),
    "in a status": http(BODY, status=f"500 {IDENTITY}"),
}


@pytest.mark.parametrize("answer", ECHOES.values(), ids=ECHOES.keys())
async def test_an_address_that_is_sent_back_is_in_no_message(client: Client, answer: bytes) -> None:
    """The contact address stays out of messages, whoever writes it into them."""
    async with lying(exactly(answer)) as (base, heads):
        with pytest.raises(EdgarchiveError) as caught:
            await read(client, base)
    assert IDENTITY.encode() in heads[0]
    assert "example.com" not in f"{caught.value!r} {caught.value}"


@pytest.mark.parametrize(
    "spelled", [IDENTITY.encode().hex(), IDENTITY[::-1].replace(" ", ""), "research-at-example-com"]
)
async def test_where_a_redirect_leads_is_not_logged(
    client: Client, caplog: pytest.LogCaptureFixture, spelled: str
) -> None:
    """It may have the contact address in a spelling that nobody has thought of."""
    caplog.set_level("DEBUG")
    async with lying(exactly(http(b"", f"Location: /{spelled}", status="302 There"))) as (base, heads):
        with pytest.raises(EdgarchiveError):
            await read(client, base)
    assert spelled.encode() in b"".join(heads)
    logged = "".join(f"{record.getMessage()}{record.__dict__}" for record in caplog.records if record.name != "asyncio")
    assert spelled not in logged
    assert "(redirected)" in logged


class Liar:
    """A loopback EDGAR whose answers for one submission are altered."""

    def __init__(self, edgar: LoopbackEdgar, settings: Settings) -> None:
        self.accession = edgar.add(BODY)
        self._edgar = edgar
        self._settings = settings

    async def sync(self, **altered: object) -> str:
        """The class of error that a sync of the submission reports, empty for none."""

        def alter(answer: Answer) -> Answer:
            return Answer(**{"body": answer.body, "etag_md5": answer.etag_md5, **altered})  # type: ignore[arg-type]

        self._edgar.inject(Fault("lie", alter=alter), path=self.accession, times=ATTEMPTS)
        async with Mirror(self._settings) as mirror:
            report = await mirror.sync(Selection(ciks=[320], since="2004-12-22", until="2004-12-22"))
        assert report.stored + report.failed == 1
        return report.failures[0].error if report.failures else ""


@pytest.fixture
def liar(edgar: LoopbackEdgar, settings: Settings) -> Liar:
    """One that is still honest."""
    return Liar(edgar, settings)


async def test_gzip_of_gzip_is_not_unpacked_twice(liar: Liar) -> None:
    """Unpacked once it is no submission, and is not stored."""
    assert await liar.sync(body=gzip.compress(BODY), etag_md5=None) == "DamagedBodyError"


async def test_another_submission_under_an_honest_checksum(liar: Liar) -> None:
    """A whole submission with its own ETag is refused where another one was asked for."""
    other = submission_bytes("0000000320-04-000001")
    md5 = hashlib.md5(other, usedforsecurity=False).hexdigest()
    assert await liar.sync(body=other, etag_md5=md5) == "DamagedBodyError"


async def test_a_checksum_of_other_bytes(liar: Liar) -> None:
    """A body that is whole by its tags is refused where the ETag says otherwise."""
    assert await liar.sync(etag_md5="0" * 32) == "DamagedBodyError"


async def test_an_etag_that_is_no_checksum_proves_nothing(liar: Liar) -> None:
    """Without a checksum the closing tag decides."""
    assert await liar.sync(etag_md5="not a checksum") == ""


async def test_a_page_that_reads_like_a_submission(liar: Liar) -> None:
    """A web page that has the accession number and a closing tag in it is a page."""
    page = b"<html>" + BODY.replace(b"<SEC-DOCUMENT>", b"", 1)
    assert await liar.sync(body=page, etag_md5=None) == "DamagedBodyError"


async def test_a_redirect_to_another_host_asks_nobody_there(client: Client) -> None:
    """The other host never hears of us."""
    async with (
        lying(exactly(http(BODY))) as (elsewhere, heard),
        lying(exactly(http(b"", f"Location: {elsewhere}/", status="302 There"))) as (base, _),
    ):
        with pytest.raises(FetchError, match="another host"):
            await read(client, base)
    assert heard == []


async def test_nobody_there(client: Client) -> None:
    """A host that closes every connection at once is trouble, not a defect."""
    async with lying(exactly(b"")) as (base, _):
        with pytest.raises((TroubleError, UnreachableError)):
            await read(client, base)
