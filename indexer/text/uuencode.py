"""Decoding uuencoded documents: pdf, jpg, gif, png, xlsx and zip."""

from __future__ import annotations

import binascii

from archiver.startup.patterns import lazy_pattern

_BEGIN = lazy_pattern(rb"begin [0-7]{3,4} ?([^\r\n]*)(?:\r\n|\r|\n)")


def uuencoded_name(head: bytes) -> str | None:
    """The file name in the ``begin`` line at the start of `head`; None if it does not start with one."""
    match = _BEGIN.match(head)
    return match[1].strip().decode("latin-1") if match else None


def uudecode(data: bytes) -> bytes:
    """The decoded bytes of the uuencoded `data`, from its ``begin`` line to ``end`` or to where it is truncated.

    A zero is written as a backtick or a space, and spaces at a line end may be missing. Raises ValueError if `data` is
    not uuencoded.
    """
    begin = _BEGIN.match(data)
    if begin is None:
        raise ValueError("no begin line")
    decoded = bytearray()
    for line in data[begin.end() :].splitlines():
        if line.rstrip() == b"end":
            break
        if line:
            length = _encoded_length(line[0])
            if line.startswith(b"..") and len(line) > length + 1:
                line = line[1:]  # noqa: PLW2901 — a leading dot doubled on the way, as mail does: real files have it
            decoded += binascii.a2b_uu(line[:length])
    return bytes(decoded)


def _encoded_length(first: int) -> int:
    """The significant characters of a line whose first character gives its bytes; encoders pad the rest."""
    return 1 + (4 * (first - 32 & 63) + 2) // 3
