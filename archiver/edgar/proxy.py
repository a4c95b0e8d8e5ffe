"""Proxies from the environment (``HTTPS_PROXY``, ``HTTP_PROXY``, ``NO_PROXY``), and nothing else of it.

aiohttp can read them too, but then also sends a name and password that ``~/.netrc`` has for the host, or for any host.
"""

from __future__ import annotations

import base64
import urllib.request
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from archiver.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy to ask through: its address without name and password, and the headers that it is sent."""

    url: str
    headers: dict[str, str] = field(repr=False)


def proxy_for(url: str) -> Proxy | None:
    """The proxy that the environment names for `url`, or None. Raises `SettingsError` for one that is no address."""
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
            f"the environment's proxy for {parts.scheme} is no address of an HTTP proxy", "write http://HOST:PORT"
        )
    shown = f"[{host}]" if ":" in host else host
    return Proxy(f"{proxy.scheme}://{shown}:{port}" if port else f"{proxy.scheme}://{shown}", _headers(proxy.netloc))


def _headers(netloc: str) -> dict[str, str]:
    """Basic authentication (RFC 7617) where the address has a name and password."""
    user_info, at, _ = netloc.rpartition("@")
    if not at:
        return {}
    name, _, password = user_info.partition(":")
    return {
        "Proxy-Authorization": "Basic "
        + base64.b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode("ascii")
    }
