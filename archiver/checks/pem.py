"""Checking the SEC's signature in submissions from before 2011.

Such a file is a signed message (Privacy-Enhanced Mail, MIC-CLEAR): the head has key and signature, then the body
follows. The signature is RSA, PKCS#1 v1.5, over the MD5 of the body with line ends as CRLF and one leading ``- ``
removed from every line that starts with it (measured on 183 real files). MD5 and 512-bit keys prove no authorship
today, but as a checksum inside the file the signature reveals truncated and accidentally changed copies.
"""

from __future__ import annotations

import base64
import hashlib
import re

from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern

PEM_BEGIN = b"-----BEGIN PRIVACY-ENHANCED MESSAGE-----"
PEM_END = b"-----END PRIVACY-ENHANCED MESSAGE-----"

_MIN_PADDING = 8
"""PKCS#1 v1.5 requires at least this many padding bytes (RFC 8017, section 9.2)."""

_MAX_HEAD_BYTES = 16 * 1024
_MAX_CARRY_BYTES = 1 << 20
_DIGEST_INFO_MD5 = bytes.fromhex("3020300c06082a864886f70d020505000410")
"""DER of DigestInfo for MD5 up to the digest itself (RFC 8017, section 9.2, note 1)."""

_TEXT = lazy_pattern(rb"\S")
_BLANK_LINE = lazy_pattern(rb"\r?\n\r?\n")
_STUFFED = lazy_pattern(rb"^- ", re.MULTILINE)
_STUFFED_MID_LINE = lazy_pattern(rb"(\n)- ")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An RSA public key: modulus `n`, exponent `e`."""

    n: int
    e: int


SEC_KEYS = frozenset(
    {
        PublicKey(  # keymaster@town.hall.org, 1994
            n=0xB7965B8C435788BBF9BEBE5323E7E51B4E6DBD5C27B5640020EAA4A6FDFC30A5 << 256
            | 0x8132889B4F2509FA2296F8BD5A5E123836D1D7ED706878621A67993BC39D80B5,
            e=65537,
        ),
        PublicKey(  # webmaster@www.sec.gov, 1995 to 2011
            n=0x5B6B0D28AF4056D0736199ABE9A1A3956C8ADD7999BF775320D7A74D648CEEFA << 256
            | 0xF32C00DB99841A8A89F0839B035B73FAA1A3390F7B5D7B35CC9BBCF54FE07EB7,
            e=65537,
        ),
    }
)
"""The only keys the SEC signed with, according to every signed file seen."""


class PemVerifier:
    """Checks the signatures of a file with one or several messages, fed in chunks, with constant memory use."""

    def __init__(self, *, trusted_keys: frozenset[PublicKey] = SEC_KEYS) -> None:
        self._trusted = trusted_keys
        self._carry = b""
        self._reading_head = True
        self._mid_line = False
        self._digest = hashlib.md5(usedforsecurity=False)
        self._key = PublicKey(1, 1)
        self._signature = 0
        self._messages = 0
        self._failed = False

    def feed(self, chunk: bytes) -> None:
        """Process the next bytes of the file."""
        data, at = self._carry + chunk, 0
        self._carry = b""
        while at < len(data):
            at = self._read_head(data, at) if self._reading_head else self._read_body(data, at)

    def finish(self) -> str:
        """``"valid"`` if every message is complete and signed by the SEC, otherwise ``"invalid"``."""
        complete = self._reading_head and not self._carry.strip() and self._messages > 0
        return "valid" if complete and not self._failed else "invalid"

    def _read_head(self, data: bytes, at: int) -> int:
        """Read key and signature once the blank line after the head has arrived. Returns where the rest begins."""
        text = _TEXT.search(data, at)
        start = text.start() if text else len(data)
        blank = _BLANK_LINE.search(data, start)
        if blank is None:
            # A head that does not end is not a head; its last bytes could still begin a blank line.
            self._failed = self._failed or len(data) - start > _MAX_HEAD_BYTES
            self._carry = data[max(start, len(data) - 4) if self._failed else start :]
            return len(data)
        self._failed = self._failed or blank.end() - start > _MAX_HEAD_BYTES
        fields = _head_fields(data[start : min(blank.end(), start + _MAX_HEAD_BYTES)])
        try:
            self._key = _public_key(base64.b64decode(fields[b"Originator-Key-Asymmetric"], validate=True))
            signature = base64.b64decode(fields[b"MIC-Info"].rpartition(b",")[2], validate=True)
            self._signature = int.from_bytes(signature, "big")
        except (KeyError, ValueError):
            self._failed = True
        self._digest = hashlib.md5(usedforsecurity=False)
        self._reading_head = self._mid_line = False
        return blank.end()

    def _read_body(self, data: bytes, at: int) -> int:
        """Hash complete lines up to the END line. Returns where the rest begins."""
        ends_here = not self._mid_line and data.startswith(PEM_END, at)
        end = at if ends_here else data.find(b"\n" + PEM_END, at) + 1
        if ends_here or end:
            self._update(data[at:end])
            self._messages += 1
            self._failed = self._failed or not (
                self._key in self._trusted and _matches(self._digest.digest(), self._signature, self._key)
            )
            self._reading_head = True
            return end + len(PEM_END)
        complete = max(at, data.rfind(b"\n", at) + 1)
        if len(data) - complete > _MAX_CARRY_BYTES:  # one endless line: only its last byte can be half of a CRLF
            complete = len(data) - 1
        self._update(data[at:complete])
        self._carry = data[complete:]
        return len(data)

    def _update(self, lines: bytes) -> None:
        if lines:
            canonical = lines.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            self._digest.update(
                _STUFFED_MID_LINE.sub(rb"\1", canonical) if self._mid_line else _STUFFED.sub(b"", canonical)
            )
            self._mid_line = not lines.endswith(b"\n")


def _head_fields(head: bytes) -> dict[bytes, bytes]:
    """RFC 822 fields; a line that starts with a space continues the previous one."""
    fields: dict[bytes, bytes] = {}
    name = b""
    for line in head.splitlines():
        if line[:1] in (b" ", b"\t"):
            fields[name] = fields.get(name, b"") + line.strip()
        else:
            name, _, value = line.partition(b":")
            fields[name] = value.strip()
    return fields


def _matches(digest: bytes, signature: int, key: PublicKey) -> bool:
    """Whether `signature` decrypts to `digest` by PKCS#1 v1.5 (RFC 8017, section 8.2.2: compare the whole block)."""
    length = (key.n.bit_length() + 7) // 8
    encoded = _DIGEST_INFO_MD5 + digest
    padding = length - len(encoded) - 3
    if padding < _MIN_PADDING or signature >= key.n:
        return False
    return pow(signature, key.e, key.n) == int.from_bytes(b"\x00\x01" + b"\xff" * padding + b"\x00" + encoded, "big")


def _public_key(der: bytes) -> PublicKey:
    """The key in an X.509 SubjectPublicKeyInfo. Raises ValueError."""
    info, _ = _tlv(der, 0x30)
    _, rest = _tlv(info, 0x30)
    bits, _ = _tlv(rest, 0x03)
    pair, _ = _tlv(bits[1:], 0x30)
    n, rest = _tlv(pair, 0x02)
    e, _ = _tlv(rest, 0x02)
    return PublicKey(int.from_bytes(n, "big"), int.from_bytes(e, "big"))


def _tlv(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """The content of the DER element of `tag` at the start of `data`, and what follows it. Raises ValueError."""
    if data[:1] != bytes([tag]) or not data[1:]:
        raise ValueError("not the DER element of a public key")
    length, start = data[1], 2
    if length & 0x80:
        count = length & 0x7F
        length, start = int.from_bytes(data[2 : 2 + count], "big"), 2 + count
    if len(data) < start + length:
        raise ValueError("a DER element is cut short")
    return data[start : start + length], data[start + length :]
