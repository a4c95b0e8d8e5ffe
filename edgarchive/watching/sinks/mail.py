"""Alerts by mail, collected in an hourly or daily digest."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import html
import smtplib
import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from enum import StrEnum
from typing import IO, Any

from archiver.catalogue.watching import Delivery
from archiver.errors import UsageError
from archiver.startup.dataclass import dataclass
from edgarchive.formats import clean
from edgarchive.watching.schedule import EASTERN
from edgarchive.watching.sinks.sink import Outcome, Sent, Sink

TIMEOUT_S, WHOLE_S = 30.0, 120.0
"""For one step of the talk with the server, and for all of it."""
_MOST_REPLY_BYTES = 1_000_000
"""What a server may say in one talk."""
DAILY_AT = time(18, 0)
"""When the daily digest is sent, Eastern: the deadline for the day's filings is 17:30."""
_SMTPS_PORT = 465
_READY = 220
_MAX_LISTED = 500
_LONGEST_ADDRESS = 254
"""In characters (RFC 5321, 4.5.3.1.3, without the brackets)."""


class Digest(StrEnum):
    """How often mail is sent."""

    HOURLY = "hourly"
    DAILY = "daily"


@dataclass(frozen=True, slots=True)
class MailServer:
    """The mail server. TLS is required: implicit on port 465, otherwise STARTTLS.

    `plain` disables TLS, for a server on this machine. `password` is never shown.
    """

    host: str
    port: int = 587
    user: str | None = None
    password: str | None = None
    plain: bool = False

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port})"


class MailSink(Sink):
    """Sends collected alerts as one message to `to`, ``hourly`` or ``daily``.

    Raises `UsageError` for invalid addresses, and for another `digest`.
    """

    def __init__(
        self,
        to: str,
        *,
        sender: str | None,
        server: MailServer | None,
        digest: Digest | str = Digest.HOURLY,
        whole_s: float = WHOLE_S,
    ) -> None:
        if server is None or sender is None:
            raise UsageError("mail needs smtp_host and mail_from", "set them in the settings file")
        for address in (to, sender):
            if not is_address(address):
                raise UsageError(f"{address[:60]!a} is not a mail address", "write it like name@example.com")
        if digest not in list(Digest):
            raise UsageError(f"there is no digest {digest!r}", f"choose from: {', '.join(Digest)}")
        self._to, self._sender, self._server, self._digest = to, sender, server, Digest(digest)
        self._whole_s = whole_s
        self.key = f"mail:{hashlib.sha256(f'{to} {digest}'.encode()).hexdigest()[:16]}"
        self.name = f"the mail server {server.host}"

    def ready_at(self, created: datetime) -> datetime:
        """The end of the hour, or the time of the day's digest."""
        if self._digest is Digest.HOURLY:
            return created.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        local = created.astimezone(EASTERN)
        day = local.date() if local.time() < DAILY_AT else local.date() + timedelta(days=1)
        return datetime.combine(day, DAILY_AT, tzinfo=EASTERN).astimezone(UTC)

    def portions(self, waiting: Sequence[Delivery]) -> Sequence[Sequence[Delivery]]:
        """All in one message, up to a limit."""
        return [waiting[start : start + _MAX_LISTED] for start in range(0, len(waiting), _MAX_LISTED)]

    async def send(self, deliveries: Sequence[Delivery]) -> Sent:
        """Submit the message. The connection to a server that takes too long is closed."""
        connection = _connection(self._server)
        try:
            async with asyncio.timeout(self._whole_s):
                await asyncio.to_thread(self._hand_in, connection, self.message(deliveries))
        except TimeoutError:
            connection.cut()
            return Sent(Outcome.AGAIN, f"the mail server took more than {self._whole_s:g} s")
        except (OSError, ValueError, smtplib.SMTPException) as error:
            return Sent(Outcome.AGAIN, _reason(error))
        return Sent(Outcome.DELIVERED)

    def message(self, deliveries: Sequence[Delivery]) -> EmailMessage:
        """The digest; the same deliveries give the same Message-ID, so that a mailbox can recognise repetitions."""
        message = EmailMessage(policy=SMTP)
        count = len(deliveries)
        message["Subject"] = f"{count} new filing{'' if count == 1 else 's'} on EDGAR"
        message["From"], message["To"] = self._sender, self._to
        message["Date"] = datetime.now(UTC)  # RFC 5322, 3.6: a message without one often counts as spam
        ids = hashlib.sha256(" ".join(sorted(one.id for one in deliveries)).encode()).hexdigest()[:32]
        message["Message-ID"] = f"<{ids}@edgarchive.invalid>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content("\n\n".join(_paragraph(one) for one in deliveries) + "\n")
        return message

    def _hand_in(self, connection: _Connection, message: EmailMessage) -> None:
        server = self._server
        try:
            code, said = connection.connect(server.host, server.port)
            if code != _READY:
                raise smtplib.SMTPConnectError(code, said)
            if server.port != _SMTPS_PORT and not server.plain:
                connection.starttls(context=ssl.create_default_context())
            if server.user is not None:
                connection.login(server.user, server.password or "")
            connection.send_message(message)
            with contextlib.suppress(smtplib.SMTPException, OSError):  # the message is taken, however the server parts
                connection.quit()
        finally:
            connection.close()


def _reason(error: Exception) -> str:
    """Why a message was not handed in."""
    match error:
        case smtplib.SMTPResponseException():
            return f"the mail server answered {error.smtp_code}"
        case smtplib.SMTPNotSupportedError():  # smtplib's own words
            return f"{str(error).rstrip('.')}; a server on this machine may need smtp_plain = true"
        case UnicodeError():
            return "smtp_user and smtp_password may have ASCII characters only"
        case OSError() | smtplib.SMTPException():
            return type(error).__name__
        case _:  # a ValueError: a challenge that is not base64
            return "the mail server answered what no mail server says"


def is_address(text: str) -> bool:
    """Whether `text` is one mail address and nothing else. Letters beyond ASCII are for servers with SMTPUTF8."""
    if "@" not in text or " " in text or not text.isprintable() or len(text) > _LONGEST_ADDRESS:
        return False
    try:
        address = Address(addr_spec=text.encode("ascii", "replace").decode().replace("?", "x"))  # it reads ASCII alone
    except (ValueError, MessageError, IndexError, AttributeError):  # what Python's parser raises for others
        return False
    return bool(address.username and address.domain)


class _LimitedLines:
    """The lines that a server sends, up to a limit of bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._left = _MOST_REPLY_BYTES

    def readline(self, size: int = -1) -> bytes:
        """The next line. Raises `smtplib.SMTPServerDisconnected` after too much."""
        line = self._file.readline(size)
        self._left -= len(line)
        if self._left < 0:
            raise smtplib.SMTPServerDisconnected("the server sends too much")
        return line

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class _Connection(smtplib.SMTP):
    """A connection that another thread can close, with a limit on what the server sends."""

    def connect(self, host: str = "localhost", port: int = 0, source_address: Any = None) -> tuple[int, bytes]:
        """Connect, and remember the host: TLS checks its certificate for this name."""
        self._host = host
        return super().connect(host, port, source_address)

    def getreply(self) -> tuple[int, bytes]:
        """The server's next reply."""
        if self.file is None and self.sock is not None:
            self.file = _LimitedLines(self.sock.makefile("rb"))
        return super().getreply()

    def cut(self) -> None:
        """Close the connection; a thread that waits for the server gets an error."""
        sock = self.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


class _TlsConnection(_Connection, smtplib.SMTP_SSL):
    """The same with TLS from the start on."""


def _connection(server: MailServer) -> _Connection:
    if server.port == _SMTPS_PORT and not server.plain:
        return _TlsConnection(timeout=TIMEOUT_S, context=ssl.create_default_context())
    return _Connection(timeout=TIMEOUT_S)


def _paragraph(delivery: Delivery) -> str:
    payload = delivery.payload
    names = ", ".join(clean(entity["name"]) for entity in payload["entities"][:3])
    word = "item" if len(payload["items"]) == 1 else "items"
    items = f", {word} {', '.join(map(clean, payload['items']))}" if payload["items"] else ""
    lines = [f"{clean(payload['form'])} of {names}{items}", f"filed {payload['filing_date']}, {payload['accession']}"]
    if delivery.search:
        lines.append(f"saved search: {delivery.search}")
    if payload["snippet"]:
        lines.append(clean(html.unescape(payload["snippet"].replace("<em>", "*").replace("</em>", "*"))))
    if payload["url"]:
        lines.append(payload["url"])
    return "\n".join(lines)
