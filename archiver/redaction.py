"""Making a server's text safe to store and show: shortened, ASCII only, without mail addresses.

A server may echo our requests, including the contact address, in any spelling: plain, percent-encoded, as a character
reference, with spaces around the sign. Nothing but requests ever contains that address.
"""

from __future__ import annotations

import html
import re
import unicodedata
from urllib.parse import unquote

from archiver.patterns import lazy_pattern

ADDRESS = "(address)"
"""Replaces a mail address."""

_NAME = r"[^\s@<>'\"()\[\]{}/?&=;:,]{1,64}"
_MAIL_ADDRESS = lazy_pattern(rf"{_NAME}\s{{0,3}}(?:@|[(\[]\s?at\s?[)\]])\s{{0,3}}{_NAME}", re.IGNORECASE)
_ENCODED_AT = lazy_pattern(
    rb"@|%(?:25)*40|&(?:amp;)*#0*64;?|&(?:amp;)*#x0*40;?|&(?:amp;)*commat;?|\xef\xbc\xa0|\xef\xb9\xab|[(\[]\s?at\s?[)\]]",
    re.IGNORECASE,
)
_NAME_BYTES = rb"[^\s@<>'\"()\[\]{}/?=:,]{1,200}"
_ADDRESS_BYTES = lazy_pattern(
    _NAME_BYTES + rb"\s{0,3}(?:" + _ENCODED_AT.pattern + rb")\s{0,3}" + _NAME_BYTES, re.IGNORECASE
)
_ADDRESS_OF_EDGAR = lazy_pattern(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[A-Za-z0-9:/._-]*)?(?:\?[A-Za-z0-9=&_.-]*)?")
_MOST_QUOTED = 120
_MOST_LAYERS = 5


def quoted(words: str) -> str:
    """Words of a server for a message: plain ASCII, cut, and without mail addresses, as it may send back our own.

    >>> quoted("for you&#64;example.com and me%2540example.com")
    'for (address) and (address)'
    """
    return ascii(_MAIL_ADDRESS.sub(ADDRESS, _decoded(words)))[1:-1][:_MOST_QUOTED]


def shown_url(url: str) -> str:
    """`url` for a log, where a redirect may have led to it: whole if it is spelt as EDGAR's own are, else its host.

    >>> shown_url("https://www.sec.gov/cgi-bin/x?ua=me%40example.com")
    'https://www.sec.gov/...'
    """
    if _ADDRESS_OF_EDGAR.fullmatch(url):
        return url
    scheme, _, rest = url.partition("://")
    return f"{quoted(scheme)}://{quoted(re.split('[/?#]', rest, maxsplit=1)[0].rpartition('@')[2])}/..."


def without_addresses(page: bytes) -> bytes:
    """A web page, to be kept, with each mail address in it replaced, however its sign is spelt."""
    return _ADDRESS_BYTES.sub(ADDRESS.encode(), page)


def _decoded(words: str) -> str:
    """`words` with percent-encoding, character references and compatibility forms resolved, layer by layer."""
    for _ in range(_MOST_LAYERS):
        plain = unicodedata.normalize("NFKC", html.unescape(unquote(words)))
        if plain == words:
            break
        words = plain
    return words
