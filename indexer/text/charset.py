"""Bytes to text by evidence: EDGAR declares no charset that could be believed."""

from __future__ import annotations

import codecs


def decode(data: bytes) -> str:
    """`data` as UTF-8 where it is valid UTF-8 (a byte order mark is left out), else as Windows-1252.

    Text in another charset is practically never valid UTF-8 by chance. The five bytes that Windows-1252 does not know
    stand for the control characters of latin-1, as they do in browsers, so that no input fails.
    """
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return codecs.charmap_decode(data, "strict", _CP1252_WITHOUT_GAPS)[0]


_CP1252_WITHOUT_GAPS = "".join(
    decoded if (decoded := bytes([code]).decode("cp1252", "ignore")) else chr(code) for code in range(256)
)


def as_utf8(data: bytes) -> bytes:
    """`data` as `decode` reads it, in UTF-8: mostly the very bytes, which need not be copied."""
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        data.decode()
    except UnicodeDecodeError:
        return decode(data).encode()
    return data
