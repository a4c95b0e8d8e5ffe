"""Alerts to a webhook, signed as in Standard Webhooks (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import json
import socket
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from archiver.catalogue.watching import Delivery
from archiver.errors import UsageError
from edgarchive.watching.sinks.sink import Outcome, Sent, Sink

TIMEOUT_S = 15.0
_PREFIX = "whsec_"
_MIN_SECRET_BYTES = 24


class WebhookSink(Sink):
    """Posts each alert to `url`. Loopback and private addresses require `allow_private`.

    2xx means accepted, 410 gives up, everything else is retried. Redirects are not followed. Raises `UsageError` for an
    invalid URL or secret.
    """

    def __init__(
        self,
        url: str,
        *,
        secret: str | None,
        allow_private: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        try:
            parsed = URL(url)  # parsed as by aiohttp: an address has several spellings
            host = parsed.host
            (host or "").encode("idna")
        except ValueError:
            parsed, host = URL(), None
        if parsed.scheme not in {"http", "https"} or not host:
            raise UsageError("--webhook needs an http or https URL", "give the receiver's URL")
        if secret is None:
            raise UsageError(
                "a webhook needs webhook_secret", "set EDGARCHIVE_WEBHOOK_SECRET (`edgarchive help alerts` shows how)"
            )
        self._url = url
        self._key = signing_key(secret)
        self._allow_private = allow_private
        self._clock = clock
        if not allow_private and _is_private_literal(host):
            raise UsageError(f"{host} is a private address", "set allow_private_webhooks if that is meant")
        self.key = f"webhook:{hashlib.sha256(url.encode()).hexdigest()[:16]}"
        self.name = f"the webhook at {host}"

    async def send(self, deliveries: Sequence[Delivery]) -> Sent:
        """Post the one alert of a portion."""
        [delivery] = deliveries
        connector = aiohttp.TCPConnector(
            resolver=None if self._allow_private else PublicResolver(),
            socket_factory=None if self._allow_private else _public_socket,
            force_close=True,
        )
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        # aiohttp decompresses what arrives, without a limit, also of a body that nobody reads
        async with aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as session:
            return await self._post(session, delivery)

    async def _post(self, session: aiohttp.ClientSession, delivery: Delivery) -> Sent:
        body = json.dumps(delivery.payload).encode()
        stamp = str(int(self._clock().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "edgarchive",
            "webhook-id": delivery.id,
            "webhook-timestamp": stamp,
            "webhook-signature": signature(self._key, delivery.id, stamp, body),
        }
        try:
            async with session.post(self._url, data=body, headers=headers, allow_redirects=False) as answer:
                status = answer.status
        except (aiohttp.ClientError, OSError, TimeoutError, UnicodeError) as error:  # the last: an invalid name
            return Sent(Outcome.AGAIN, f"{type(error).__name__}")
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return Sent(Outcome.DELIVERED)
        if status == HTTPStatus.GONE:
            return Sent(Outcome.NEVER, "the receiver answered 410: it wants no more alerts")
        return Sent(Outcome.AGAIN, f"the receiver answered {status}")


def signing_key(secret: str) -> bytes:
    """The key in a secret ``whsec_<base64>``. Raises `UsageError`."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(_PREFIX) or len(key) < _MIN_SECRET_BYTES:
        raise UsageError("webhook_secret is not a Standard Webhooks secret", "give whsec_ and 24 to 64 bytes as base64")
    return key


def signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """``v1,<base64>``: HMAC-SHA256 over id, timestamp and body."""
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def _is_private_literal(host: str) -> bool:
    if host.rstrip(".").lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        return not is_public(host)
    except ValueError:
        return False


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet. Raises ValueError for other text.

    An IPv6 address that embeds an IPv4 address (mapped, compatible, translated, 6to4, NAT64, ISATAP) counts as that
    address.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.is_site_local:
            return False
        inner = found.ipv4_mapped or found.sixtofour
        has_ipv4_last = any(found in network for network in _WITH_IPV4_LAST)
        if inner is None and (has_ipv4_last or (int(found) >> 32) & _ISATAP_MASK == _ISATAP):
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast


_WITH_IPV4_LAST = tuple(
    ipaddress.IPv6Network(text) for text in ("::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")
)
"""IPv4-compatible (RFC 4291), IPv4-translated (RFC 2765), and those that NAT64 translates (RFC 6052, RFC 8215)."""
_ISATAP, _ISATAP_MASK = 0x00005EFE, 0xFDFFFFFF
"""The third quarter of an ISATAP address, before the IPv4 address; its universal bit may be set (RFC 5214, 6.1)."""


def _public_socket(info: tuple[Any, ...]) -> socket.socket:
    """A socket for an address that is about to be connected to. Raises OSError for one that is not public."""
    family, kind, protocol, _, address = info
    if not is_public(str(address[0])):
        raise OSError(None, f"{address[0]} is a private address")
    return socket.socket(family, kind, protocol)


class PublicResolver(AbstractResolver):
    """Resolves names to public addresses only, even if a name changes after it was checked."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The public addresses of `host`. Raises OSError if there are none."""
        resolver = aiohttp.ThreadedResolver()
        try:
            found: list[Any] = await resolver.resolve(host, port, family)
        finally:
            await resolver.close()
        public = [one for one in found if is_public(one["host"])]
        if not public:
            raise OSError(None, f"{host} has private addresses only")
        return public

    async def close(self) -> None:
        """Nothing is held."""
