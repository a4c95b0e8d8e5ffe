"""Proxies from the environment (``HTTPS_PROXY``, ``HTTP_PROXY``, ``NO_PROXY``) and from nowhere else.

aiohttp can read them too, but would also send credentials from ``~/.netrc``.
"""

from __future__ import annotations

import base64
import urllib.request
from dataclasses import field
from urllib.parse import unquote, urlsplit

from archiver.errors import SettingsError
from archiver.startup.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy: its address without credentials, and the headers to send to it."""

    url: str
    headers: dict[str, str] = field(repr=False)


def proxy_for(url: str) -> Proxy | None:
    """The proxy that the environment sets for `url`, or None. Raises `SettingsError` for an invalid address."""
    parts = urlsplit(url)
    named = urllib.request.getproxies().get(parts.scheme)
    if not named or urllib.request.proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    try:
        proxy = urlsplit(named if "://" in named else f"http://{named}")
        host, port = proxy.hostname, proxy.port
    except ValueError:
        host = port = None
    if not host or proxy.scheme not in {"http", "https"}:
        raise SettingsError(
            f"the environment's proxy for {parts.scheme} is not the address of an HTTP proxy", "write http://HOST:PORT"
        )
    shown = f"[{host}]" if ":" in host else host
    return Proxy(f"{proxy.scheme}://{shown}:{port}" if port else f"{proxy.scheme}://{shown}", _headers(proxy.netloc))


def _headers(netloc: str) -> dict[str, str]:
    """Basic authentication (RFC 7617) if the address has credentials."""
    user_info, at, _ = netloc.rpartition("@")
    if not at:
        return {}
    name, _, password = user_info.partition(":")
    return {
        "Proxy-Authorization": "Basic "
        + base64.b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode("ascii")
    }
