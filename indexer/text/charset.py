"""Decoding bytes by evidence, since charset declarations in EDGAR's files are unreliable."""

from __future__ import annotations

import codecs


def decode(data: bytes) -> str:
    """`data` as UTF-8 if it is valid UTF-8 (without a byte order mark), otherwise as Windows-1252.

    Text in another charset is practically never valid UTF-8. The five bytes that Windows-1252 does not define become
    the control characters of latin-1, as in browsers, so that no input fails.
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
    """`data` as decoded by `decode`, in UTF-8; usually the same bytes, which need not be copied."""
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        data.decode()
    except UnicodeDecodeError:
        return decode(data).encode()
    return data
