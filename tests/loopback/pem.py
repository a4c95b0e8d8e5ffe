"""Signed submissions as EDGAR served them until 2011, signed with a key of ours: for tests that sign, then damage.

The layout is that of the real files: privacy-enhanced mail, MIC-CLEAR; a 512-bit RSA key in an X.509 key structure of
its own object identifier; PKCS#1 v1.5 over the MD5 of the body with line ends as CRLF.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

_DIGEST_INFO_MD5 = bytes.fromhex("3020300c06082a864886f70d020505000410")
"""DER of DigestInfo for MD5, up to the digest (RFC 8017, section 9.2, note 1)."""
_RSA_512 = bytes.fromhex("300a06045508010102020200")
"""DER of the algorithm in the SEC's own keys: OID 2.5.8.1.1 (rsa), with the key's 512 bits as its parameter."""
_TAG_INTEGER = 0x02
_TAG_BIT_STRING = 0x03
_TAG_SEQUENCE = 0x30
_LINE_CHARACTERS = 64
_KEY_BYTES = 64


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An RSA key of 512 bits: modulus `n`, public exponent `e`, private exponent `d`."""

    n: int
    e: int
    d: int


TEST_KEY = SigningKey(
    n=0xC63DDF6C244284715D83ECA54F2BDCBFA6E07F57B52A55A6431AD96C05137B8B << 256
    | 0x2ED2FB9A8C1B98685807B5E9D3A63E4467F575680BC7DCC6596C268FC173FE9B,
    e=65537,
    d=0xBE320C9277736E1849ED517504B1837848C5E8C720647E8A26A5B2E60534BCF8 << 256
    | 0x8A1C09EDB20B7983358B32E60481B31E2CF755E6243F77A2C6C7C149DD4C08B9,
)
PUBLIC_KEY = (TEST_KEY.n, TEST_KEY.e)
"""Modulus and exponent of `TEST_KEY`, for the verifier under test."""


def wrap(body: bytes, key: SigningKey = TEST_KEY) -> bytes:
    """`body`, LF line ends and a last one included, as one signed message. Raises ValueError for any other body."""
    if b"\r" in body or not body.endswith(b"\n"):
        raise ValueError("a body to be signed has LF line ends, and ends with one")
    stuffed = re.sub(rb"^-", b"- -", body, flags=re.MULTILINE)
    head = (
        "-----BEGIN PRIVACY-ENHANCED MESSAGE-----\n"
        "Proc-Type: 2001,MIC-CLEAR\n"
        "Originator-Name: keymaster@loopback.invalid\n"
        f"Originator-Key-Asymmetric:\n{_base64_lines(public_key_der(key))}"
        f"MIC-Info: RSA-MD5,RSA,\n{_base64_lines(_signature(body, key))}"
        "\n"
    )
    return head.encode("ascii") + stuffed + b"-----END PRIVACY-ENHANCED MESSAGE-----\n"


def public_key_der(key: SigningKey) -> bytes:
    """The public half of `key` as it stands in ``Originator-Key-Asymmetric``."""
    pair = _der(_TAG_SEQUENCE, _der_integer(key.n) + _der_integer(key.e))
    return _der(_TAG_SEQUENCE, _RSA_512 + _der(_TAG_BIT_STRING, b"\x00" + pair))


def _signature(body: bytes, key: SigningKey) -> bytes:
    digest = hashlib.md5(body.replace(b"\n", b"\r\n"), usedforsecurity=False).digest()
    encoded = _DIGEST_INFO_MD5 + digest
    block = b"\x00\x01" + b"\xff" * (_KEY_BYTES - len(encoded) - 3) + b"\x00" + encoded
    return pow(int.from_bytes(block, "big"), key.d, key.n).to_bytes(_KEY_BYTES, "big")


def _base64_lines(data: bytes) -> str:
    text = base64.b64encode(data).decode("ascii")
    return "".join(f" {text[start : start + _LINE_CHARACTERS]}\n" for start in range(0, len(text), _LINE_CHARACTERS))


def _der_integer(value: int) -> bytes:
    return _der(_TAG_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _der(tag: int, content: bytes) -> bytes:
    # Everything in a 512-bit key is shorter than 128 bytes: the short form of a DER length.
    return bytes([tag, len(content)]) + content
