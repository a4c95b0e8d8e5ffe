"""Sinks against real receivers: a command, an HTTP server that checks signatures, a mail server."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import json
import os
import socket
import sys
import threading
import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Self

import pytest
from aiohttp import web

from archiver.catalogue.watching import Delivery
from archiver.errors import UsageError
from archiver.identifiers import AccessionNumber
from edgarchive.watching.sinks import webhook
from edgarchive.watching.sinks.command import CommandSink
from edgarchive.watching.sinks.mail import Digest, MailServer, MailSink
from edgarchive.watching.sinks.sink import Outcome
from edgarchive.watching.sinks.webhook import PublicResolver, WebhookSink, is_public

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


def delivery(number: int = 1) -> Delivery:
    """An alert to send."""
    accession = f"0009000999-26-{number:06d}"
    payload = {
        "id": f"alert_{number}", "search": None, "accession": accession, "form": "8-K", "filing_date": "2026-01-12",
        "accepted": None, "items": ["8.01"], "entities": [{"cik": 1, "name": "TEAL", "role": "FILER"}],
        "snippet": None, "url": "https://www.sec.gov/",
    }  # fmt: skip
    return Delivery(f"alert_{number}", "x", AccessionNumber(accession), None, payload, datetime.now(UTC))


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Receiver:
    """A webhook's receiver that keeps requests whose signature is right, and answers with a status."""

    def __init__(self, status: int = 204) -> None:
        self.status = status
        self.got: list[dict[str, object]] = []
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/hook", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/hook"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.digest(b"k" * 32, signed, "sha256")).decode()
        assert request.headers["webhook-signature"] == f"v1,{expected}"
        self.got.append({"id": request.headers["webhook-id"], **json.loads(body)})
        headers = {"Location": self.url} if self.status in {301, 307} else None
        return web.Response(status=self.status, headers=headers)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.DELIVERED),
        (204, Outcome.DELIVERED),
        (500, Outcome.AGAIN),
        (429, Outcome.AGAIN),
        (307, Outcome.AGAIN),
        (410, Outcome.NEVER),
    ],
)
async def test_a_webhook_is_signed(status: int, outcome: Outcome) -> None:
    """The receiver can check each request; its answer decides. Redirects are not followed."""
    async with Receiver(status) as receiver:
        sink = WebhookSink(receiver.url, secret=SECRET, allow_private=True)
        assert (await sink.send([delivery()])).outcome is outcome
        assert [one["id"] for one in receiver.got] == ["alert_1"]
        assert receiver.url not in sink.key


async def test_a_receiver_that_is_away_is_tried_again() -> None:
    """No connection is an outcome, not an error."""
    async with Receiver() as receiver:
        url = receiver.url
    assert (await WebhookSink(url, secret=SECRET, allow_private=True).send([delivery()])).outcome is Outcome.AGAIN


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://10.0.0.1/",
        "https://[::1]/",
        "http://localhost/",
        "http://169.254.169.254/latest",
        "http://[::ffff:127.0.0.1]/",
        "http://a.localhost/",
        "http://①②⑦.0.0.1/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[::127.0.0.1]/",
        "http://[fec0::1]/",
    ],
)
def test_private_receivers_need_a_setting(url: str) -> None:
    """A webhook is no way into the machine's own network."""
    with pytest.raises(UsageError, match="private"):
        WebhookSink(url, secret=SECRET)
    WebhookSink(url, secret=SECRET, allow_private=True)


async def test_a_name_that_leads_to_a_private_address_is_refused() -> None:
    """Also where the name is checked only when it is resolved."""
    with pytest.raises(OSError, match="private"):
        await PublicResolver().resolve("localhost", 80)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("192.168.1.1", False),
        ("::1", False),
        ("100.64.0.1", False),
        ("2606:4700::1", True),
        ("64:ff9b::808:808", True),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::", False),
        ("::ffff:0:10.0.0.1", False),
        ("2606:4700::5efe:10.0.0.1", False),
        ("2606:4700::200:5efe:10.0.0.1", False),
        ("2606:4700::5efe:8.8.8.8", True),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:  # noqa: FBT001
    """What is of the public internet."""
    assert is_public(address) is public


@pytest.mark.parametrize(
    "secret", [None, "", "secret", "whsec_", "whsec_!!!", "whsec_" + base64.b64encode(b"x").decode()]
)
def test_a_secret_that_is_none(secret: str | None) -> None:
    """It is said before anything is watched, without showing it."""
    with pytest.raises(UsageError) as error:
        WebhookSink("https://example.com/", secret=secret)
    assert len(secret or "") <= len("whsec_") or str(secret) not in str(error.value)


@pytest.mark.parametrize(
    "url", ["ftp://example.com/", "example.com", "http://", "http://[", "https://host:99999/", "http://a..b/"]
)
def test_a_url_that_is_none(url: str) -> None:
    """It is said before anything is watched."""
    with pytest.raises(UsageError):
        WebhookSink(url, secret=SECRET)


async def test_a_command_gets_json_on_stdin(tmp_path: Path) -> None:
    """The alert, without a shell; its exit code decides."""
    out = tmp_path / "out file"
    code = f"import sys, pathlib; pathlib.Path({str(out)!r}).write_text(sys.stdin.read())"
    sink = CommandSink(f'{sys.executable} -c "{code}"')
    assert (await sink.send([delivery()])).outcome is Outcome.DELIVERED
    assert json.loads(out.read_text())["accession"] == "0009000999-26-000001"
    assert (await CommandSink(f'{sys.executable} -c "raise SystemExit(3)"').send([delivery()])).outcome is Outcome.AGAIN
    assert (await CommandSink("true").send([delivery()])).outcome is Outcome.DELIVERED


async def test_a_command_has_the_environment_without_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of the archive are there, so that it can read the filing; what other sinks sign with is not."""
    for name in ("EDGARCHIVE_ROOT", "EDGARCHIVE_WEBHOOK_SECRET", "EDGARCHIVE_SMTP_PASSWORD"):
        monkeypatch.setenv(name, "given")
    for name in ("edgarchive_webhook_secret", "Edgarchive_Smtp_Password"):  # settings in any case
        monkeypatch.setenv(name, "given")
    out = tmp_path / "environment"
    code = f"import os, pathlib; pathlib.Path({str(out)!r}).write_text(chr(10).join(os.environ))"
    assert (await CommandSink(f'{sys.executable} -c "{code}"').send([delivery()])).outcome is Outcome.DELIVERED
    names = [name for name in out.read_text().splitlines() if name.upper().startswith("EDGARCHIVE")]
    assert names == ["EDGARCHIVE_ROOT"]


async def test_a_command_that_hangs_is_ended() -> None:
    """It is tried again later."""
    sink = CommandSink(f'{sys.executable} -c "import time; time.sleep(60)"', timeout_s=0.5)
    assert (await sink.send([delivery()])).outcome is Outcome.AGAIN


async def test_what_a_command_that_hangs_has_started_is_ended(tmp_path: Path) -> None:
    """Else each attempt would leave some more."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    sink = CommandSink(f"sh -c 'sleep 60 3> {fifo} & wait'", timeout_s=0.5)
    reading = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert (await sink.send([delivery()])).outcome is Outcome.AGAIN
        for _ in range(100):
            with contextlib.suppress(BlockingIOError):  # somebody may still write
                assert os.read(reading, 1) == b""
                break
            await asyncio.sleep(0.05)
        else:
            pytest.fail("it is still there")
    finally:
        os.close(reading)


@pytest.mark.parametrize("command", ["", "no-such-command-anywhere", "'unclosed"])
def test_a_command_that_is_none(command: str) -> None:
    """It is said before anything is watched."""
    with pytest.raises(UsageError):
        CommandSink(command)


async def test_mail_is_a_digest() -> None:
    """All that has gathered in one message, with a Message-ID that a repeated one shares."""
    controller = pytest.importorskip("aiosmtpd.controller")
    received: list[bytes] = []

    class Handler:
        async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802
            received.append(envelope.content)  # type: ignore[attr-defined]
            return "250 OK"

    server = controller.Controller(Handler(), hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        without = MailServer("127.0.0.1", server.port)
        sent = await MailSink("to@example.com", sender="from@example.com", server=without).send([delivery(1)])
        assert (sent.outcome, received) == (Outcome.AGAIN, [])
        assert "STARTTLS extension not supported by server; a server on this machine may need smtp_plain" in sent.reason
        mail = MailServer("127.0.0.1", server.port, plain=True)
        sink = MailSink("to@example.com", sender="from@example.com", server=mail, digest=Digest.HOURLY)
        assert (await sink.send([delivery(1), delivery(2)])).outcome is Outcome.DELIVERED
    finally:
        await asyncio.to_thread(server.stop)
    assert len(received) == 1
    assert b"2 new filings on EDGAR" in received[0]
    dated = parsedate_to_datetime(message_from_bytes(received[0])["Date"])
    assert abs(dated - datetime.now(UTC)) < timedelta(minutes=5)
    assert received[0].count(b"0009000999-26-00000") == 2
    assert (
        sink.message([delivery(1), delivery(2)])["Message-ID"] == sink.message([delivery(2), delivery(1)])["Message-ID"]
    )


@pytest.mark.parametrize("address", ["a@b.example", "a.b+c@localhost", '"a,b"@c.example', "jürgen@münchen.example"])
def test_mail_addresses(address: str) -> None:
    """Whatever one mailbox is called."""
    sink = MailSink(address, sender=address, server=MailServer("127.0.0.1"), digest=Digest.HOURLY)
    assert sink.message([delivery()]).as_bytes()


@pytest.mark.parametrize(
    "address",
    ["", "a", "@", "a@", "@b", "a@[1", '"@b', "(a@b", "a@b(", "a@b>", "<a@b>", "a@b@c", "a:;@b", "a@b,c@d", "a b@c",
     "a@b\r\nBcc: c@d", "a@b\0", "a@b\u2028c", "a@\ud800", "a" * 300 + "@b"],
)  # fmt: skip
def test_a_mail_address_that_is_none(address: str) -> None:
    """It is said before anything is watched, not when the first alert is mailed; no header is added."""
    for to, sender in ((address, "a@b.example"), ("a@b.example", address)):
        with pytest.raises(UsageError, match="is not a mail address"):
            MailSink(to, sender=sender, server=MailServer("127.0.0.1"), digest=Digest.HOURLY)


def test_mail_has_the_words_of_a_passage_and_no_markup() -> None:
    """A snippet is HTML, a mail is text."""
    one = delivery()
    payload = {**one.payload, "snippet": "AT&amp;T &lt;sic&gt; <em>resigned</em>"}
    sink = MailSink("a@b.example", sender="c@d.example", server=MailServer("127.0.0.1"), digest=Digest.HOURLY)
    assert "\nAT&T <sic> *resigned*\n" in sink.message([replace(one, payload=payload)]).get_content()


@pytest.mark.parametrize(
    ("items", "line"), [([], ""), (["5.02"], ", item 5.02"), (["5.02", "9.01"], ", items 5.02, 9.01")]
)
def test_mail_names_the_items_of_a_filing(items: list[str], line: str) -> None:
    """One item is no items."""
    one = delivery()
    payload = {**one.payload, "items": items, "entities": [{"cik": 1, "name": "Teal & Sage", "role": "FILER"}]}
    sink = MailSink("a@b.example", sender="c@d.example", server=MailServer("127.0.0.1"), digest=Digest.HOURLY)
    text = sink.message([replace(one, payload=payload)]).get_content()
    assert f" of Teal & Sage{line}\n" in text


async def test_mail_of_hostile_filings() -> None:
    """Names and passages become text of the body: no header, no further message, no line that a server refuses."""
    hostile = "x\r\n.\r\nMAIL FROM:<x>\r\nBcc: c@d.example\ud800\0" + "w" * 50_000
    one = delivery()
    entities = [{"cik": 1, "name": hostile, "role": "FILER"}]
    payload = {**one.payload, "form": hostile, "entities": entities, "items": [hostile], "snippet": hostile}
    sink = MailSink("a@b.example", sender="c@d.example", server=MailServer("127.0.0.1"), digest=Digest.HOURLY)
    message = sink.message([replace(one, payload=payload)])
    assert max(map(len, message.as_bytes().splitlines())) < 1000
    assert "Bcc" not in message
    assert "\nBcc" not in message.get_content()
    assert "\n." not in message.get_content()


def test_digests_come_on_the_hour_and_after_the_days_deadline() -> None:
    """Hourly: at the end of the hour. Daily: at 18:00 Eastern."""
    mail = MailServer("127.0.0.1")
    hourly = MailSink("a@b.example", sender="c@d.example", server=mail, digest=Digest.HOURLY)
    daily = MailSink("a@b.example", sender="c@d.example", server=mail, digest=Digest.DAILY)
    made = datetime(2026, 1, 12, 15, 20, tzinfo=UTC)
    assert hourly.ready_at(made) == datetime(2026, 1, 12, 16, 0, tzinfo=UTC)
    assert daily.ready_at(made) == datetime(2026, 1, 12, 23, 0, tzinfo=UTC)
    named = MailSink("a@b.example", sender="c@d.example", server=mail, digest="daily")
    assert (named.key, named.ready_at(made)) == (daily.key, daily.ready_at(made))
    with pytest.raises(UsageError, match="there is no digest 'weekly'; choose from: hourly, daily"):
        MailSink("a@b.example", sender="c@d.example", server=mail, digest="weekly")
    assert daily.ready_at(datetime(2026, 1, 12, 23, 30, tzinfo=UTC)) == datetime(2026, 1, 13, 23, 0, tzinfo=UTC)


async def test_the_last_look_at_an_address_is_before_it_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever way a private address has found to there: no name is resolved for a literal one."""
    async with Receiver() as receiver:
        monkeypatch.setattr(webhook, "_is_private_literal", lambda _: False)
        sent = await WebhookSink(receiver.url, secret=SECRET).send([delivery()])
    assert (sent.outcome, receiver.got) == (Outcome.AGAIN, [])


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
async def test_a_receivers_bomb_is_not_unpacked(encoding: str) -> None:
    """Nobody reads the body of an answer, so it takes no memory, however it is compressed."""
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31 if encoding == "gzip" else 15)
    body = bomb.compress(bytes(100_000_000)) + bomb.flush()
    seen: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await reader.readuntil(b"\r\n\r\n")).decode().lower())
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        writer.write(body)
        with contextlib.suppress(OSError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        sink = WebhookSink(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", secret=SECRET, allow_private=True)
        tracemalloc.start()
        try:
            assert (await sink.send([delivery()])).outcome is Outcome.DELIVERED
            assert tracemalloc.get_traced_memory()[1] < 8_000_000
        finally:
            tracemalloc.stop()
    assert "\r\naccept-encoding: identity\r\n" in seen[0]


def talk(server: socket.socket, said: Callable[[socket.socket], None]) -> None:
    """Answer one mail client, until it goes."""
    client, _ = server.accept()
    with client, contextlib.suppress(OSError):
        said(client)


def _endless(line: bytes) -> Callable[[socket.socket], None]:
    def say(client: socket.socket) -> None:
        while True:
            client.sendall(line)

    return say


def _silent(client: socket.socket) -> None:
    client.recv(1)


def _odd_at_the_end(client: socket.socket) -> None:
    """Takes the message, and answers QUIT with what no server says."""
    client.sendall(b"220 ready\r\n")
    lines = client.makefile("rb")
    for line in lines:
        is_data = line.upper().startswith(b"DATA")
        client.sendall(b"354 go on\r\n" if is_data else b"250 well\r\n")
        if is_data:
            while lines.readline() != b".\r\n":
                pass
            client.sendall(b"250 taken\r\n")


def _challenges(client: socket.socket) -> None:
    """Asks for the password with a challenge that is no base64."""
    client.sendall(b"220 ready\r\n")
    for line in client.makefile("rb"):
        client.sendall(b"250-x\r\n250 AUTH CRAM-MD5\r\n" if line.startswith(b"ehlo") else b"334 !a\r\n")


def _asks(client: socket.socket) -> None:
    """Asks for user and password."""
    client.sendall(b"220 ready\r\n")
    for line in client.makefile("rb"):
        client.sendall(b"250-x\r\n250 AUTH PLAIN\r\n" if line.startswith(b"ehlo") else b"535 no\r\n")


@pytest.mark.parametrize(
    ("said", "password", "reason"),
    [
        (_challenges, "secret", "no mail server"),
        (_asks, "geheim\u00fc", "ASCII"),
        (_asks, "\udcff", "ASCII"),
        (_asks, "secret", "535"),
    ],
)
async def test_a_mail_server_that_cannot_be_logged_in_to_is_tried_again(
    said: Callable[[socket.socket], None], password: str, reason: str
) -> None:
    """Whatever it asks, and whatever the password is: the other sinks go on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=talk, args=(server, said))
        thread.start()
        mail = MailServer("127.0.0.1", server.getsockname()[1], "user", password, plain=True)
        sent = await MailSink("a@b.example", sender="c@d.example", server=mail, whole_s=5).send([delivery()])
        await asyncio.to_thread(thread.join)
    assert sent.outcome is Outcome.AGAIN
    assert reason in sent.reason


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (_endless(b"220-" + b"x" * 1000 + b"\r\n"), Outcome.AGAIN),
        (_endless(b"2"), Outcome.AGAIN),
        (_silent, Outcome.AGAIN),
        (lambda client: client.sendall(b"554 no\r\n"), Outcome.AGAIN),
        (_odd_at_the_end, Outcome.DELIVERED),
    ],
    ids=["endless", "no line end", "silent", "refuses", "odd at the end"],
)
async def test_a_mail_server_holds_up_nothing(said: Callable[[socket.socket], None], outcome: Outcome) -> None:
    """One that talks without end, or not at all, is cut off; a message that was taken is not sent again."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=talk, args=(server, said))
        thread.start()
        mail = MailServer("127.0.0.1", server.getsockname()[1], plain=True)
        sink = MailSink("a@b.example", sender="c@d.example", server=mail, digest=Digest.HOURLY, whole_s=0.5)
        assert (await sink.send([delivery()])).outcome is outcome
        await asyncio.to_thread(thread.join)
