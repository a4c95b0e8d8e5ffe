"""Making a server's text safe to store and show: shortened, ASCII only, without mail addresses.

A server may echo our requests, including the contact address, in any usual spelling: plain, percent-encoded, as a
character reference, in an escape of a programming language or of mail, split by tags, in words, in base64 or
hexadecimal. Nothing but requests ever contains that address.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import html
import re
import unicodedata
from urllib.parse import unquote

from archiver.startup.patterns import lazy_pattern

ADDRESS = "(address)"
"""Replaces a mail address."""

_SIGN = lazy_pattern(
    rb"@|%(?:25)*40|&(?:amp;)*#0*64;?|&(?:amp;)*#x0*40;?|&(?:amp;)*commat;?|\xef\xbc\xa0|\xef\xb9\xab"
    rb"|[({\[]\s?at\s?[)}\]]|(?P<escaped>=40|\\+(?:u0*40|u\{0*40\}|x40|0*40\s)|\+AEA-)",
    re.IGNORECASE,
)
_NAME_BYTES = frozenset(range(256)) - frozenset(b"@<>'\"()[]{}/?=:, \t\r\n\v\f")
_MAX_NAME, _MAX_TAG, _MAX_GAP = 200, 80, 9
_AFTER = lazy_pattern(rb"(?:\s|<[^<>]{0,80}>){0,9}+(?P<name>[^\s@<>'\"()\[\]{}/?=:,]{1,200})")
_IN_WORDS = lazy_pattern(
    rb"(?<![\w.+-])[\w.+-]{1,64}\s{1,3}at\s{1,3}[\w-]{1,64}(?:\.|\s{1,3}dot\s{1,3})[a-z][\w.-]{0,64}", re.IGNORECASE
)
_ENCODED = lazy_pattern(rb"[A-Za-z0-9+/_-]{16,}={0,2}")
_PLAIN = lazy_pattern(rb"[\w.%+-]@[A-Za-z0-9-]{1,64}\.[A-Za-z]")
_ADDRESS_OF_EDGAR = lazy_pattern(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[A-Za-z0-9:/._-]*)?(?:\?[A-Za-z0-9=&_.-]*)?")
_MOST_QUOTED = 120
_MOST_LAYERS = 5


def quoted(words: str) -> str:
    """A server's text for a message: shortened, ASCII only, and without mail addresses, since it may return our own.

    >>> quoted("for you&#64;example.com and me%2540example.com")
    'for (address) and (address)'
    """
    shown = without_addresses(_decoded(words).encode(errors="surrogatepass")).decode(errors="surrogatepass")
    return ascii(shown)[1:-1][:_MOST_QUOTED]


def shown_url(url: str) -> str:
    """`url` for a log, where a redirect may have led to it: whole if it is spelt as EDGAR's own are, else its host.

    >>> shown_url("https://www.sec.gov/cgi-bin/x?ua=me%40example.com")
    'https://www.sec.gov/...'
    """
    if _ADDRESS_OF_EDGAR.fullmatch(url) and without_addresses(url.encode()) == url.encode():
        return url
    scheme, _, rest = url.partition("://")
    return f"{quoted(scheme)}://{quoted(re.split('[/?#]', rest, maxsplit=1)[0].rpartition('@')[2])}/..."


def without_addresses(page: bytes) -> bytes:
    """A web page, to be kept, with each mail address in it replaced, however it is spelt. Takes linear time.

    >>> without_addresses(b"<p>me<b>@</b>example.com, bWVAZXhhbXBsZS5jb20gIA==")
    b'<p>(address), (address)'
    """
    pieces, position = [], 0
    for sign in _SIGN.finditer(page):
        if sign.start() < position:
            continue
        first, after = _start_of_name(page, position, sign.start()), _AFTER.match(page, sign.end())
        if first is None or after is None or (sign["escaped"] and b"." not in after["name"]):
            continue
        pieces += [page[position:first], ADDRESS.encode()]
        position = after.end()
    page = b"".join([*pieces, page[position:]])
    return _ENCODED.sub(_unless_address, _IN_WORDS.sub(ADDRESS.encode(), page))


def _start_of_name(page: bytes, low: int, end: int) -> int | None:
    """The start of the name before a sign, skipping blanks and tags in between; None if there is no name."""
    for _ in range(_MAX_GAP):
        if end > low and page[end - 1 : end].isspace():
            end -= 1
        elif page[end - 1 : end] == b">" and (tag := page.rfind(b"<", max(low, end - _MAX_TAG), end)) >= 0:
            end = tag
        else:
            break
    if end > low and page[end - 1 : end] in {b'"', b"'"}:
        end -= 1
    start = end
    while start > max(low, end - _MAX_NAME) and page[start - 1] in _NAME_BYTES:
        start -= 1
    return start if start < end else None


def _unless_address(match: re.Match[bytes]) -> bytes:
    """The text that was found, unless it is an address in base64 or hexadecimal."""
    text = match[0].rstrip(b"=")
    readings = []
    with contextlib.suppress(binascii.Error):
        readings.append(base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4)))
    with contextlib.suppress(binascii.Error):
        readings.append(binascii.unhexlify(text))
    return ADDRESS.encode() if any(map(_PLAIN.search, readings)) else match[0]


def _decoded(words: str) -> str:
    """`words` with percent-encoding, character references and compatibility forms resolved, layer by layer."""
    for _ in range(_MOST_LAYERS):
        plain = unicodedata.normalize("NFKC", html.unescape(unquote(words)))
        if plain == words:
            break
        words = plain
    return words
