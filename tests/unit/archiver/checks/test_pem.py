from __future__ import annotations

import base64
import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.checks.pem import PEM_BEGIN, PEM_END, SEC_KEYS, PemVerifier, PublicKey
from tests.loopback.pem import PUBLIC_KEY, SigningKey, wrap
from tests.paths import CORPUS, ODDITIES
from tests.unit.corpus import needs_corpus, rows

KEYS = frozenset({PublicKey(*PUBLIC_KEY)})
BODY = (
    b"<SEC-DOCUMENT>0000912057-00-000001.txt : 20000103\n"
    b"- stuffed\n-----BEGIN PRIVACY-ENHANCED MESSAGE-----\nlast line\n" + PEM_END + b"\n\n</SEC-DOCUMENT>\n"
)
SIGNED = wrap(BODY)
LONG_LINE = wrap(b"<SEC-DOCUMENT>\n" + b"x- " * 500_000 + b"\n- end\n</SEC-DOCUMENT>\n")
DAMAGED_BY_THEIR_KEEPERS = {
    "0000320193-97-000011.txt",
    "0000912057-00-053623.hdr.txt",
    "0001011438-98-000429.txt",
    "0001047469-98-012291__v2.txt",
}
"""Files of the corpus that were cut or edited by whoever kept them."""


def verify_pem(data: bytes, *, trusted_keys: frozenset[PublicKey] = SEC_KEYS) -> str:
    """The verdict on a whole file."""
    verifier = PemVerifier(trusted_keys=trusted_keys)
    verifier.feed(data)
    return verifier.finish()


def verdict(data: bytes, *cuts: int) -> str:
    """The verdict on `data`, fed in pieces of the sizes `cuts`, then the rest."""
    verifier = PemVerifier(trusted_keys=KEYS)
    for size in [*cuts, len(data)]:
        verifier.feed(data[:size])
        data = data[size:]
    return verifier.finish()


@pytest.mark.parametrize(
    "data",
    [
        SIGNED,
        SIGNED.rstrip(b"\n"),
        SIGNED.replace(b"\n", b"\r\n"),
        b"\n" + SIGNED + b"\n\n",
        SIGNED + wrap(b"another\n") + SIGNED,
        wrap(b"-\n- \n--\n -\n\n"),
        LONG_LINE,
    ],
    ids=["plain", "no-last-line-end", "crlf", "white-space", "three-messages", "dashes", "endless-line"],
)
def test_a_signed_file_is_valid(data: bytes) -> None:
    """Dash stuffing, either end of line and several messages in a row are part of the format."""
    assert verdict(data) == "valid"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        BODY,
        SIGNED[: -len(PEM_END)],
        SIGNED + b"trailing\n",
        SIGNED + PEM_BEGIN + b"\n",
        SIGNED + SIGNED.replace(b"last", b"lost"),
        SIGNED.replace(b"MIC-Info", b"MIC-Data"),
        SIGNED.replace(b"Originator-Key-Asymmetric:\n ", b"Originator-Key-Asymmetric:\n !"),
        PEM_BEGIN + b"\n\nbody\n" + PEM_END,
        PEM_BEGIN + b"x" * 100_000,
    ],
    ids=["empty", "bare", "cut", "tail", "half-message", "second", "no-signature", "no-base64", "no-head", "no-end"],
)
def test_whatever_is_not_wholly_signed_is_invalid(data: bytes) -> None:
    """A cut, a tail, a missing field: nothing is given the benefit of the doubt, and nothing raises."""
    assert verdict(data) == "invalid"


@given(st.integers(min_value=SIGNED.index(b"<SEC-DOC"), max_value=len(SIGNED) - len(PEM_END) - 2), st.integers(0, 7))
def test_one_flipped_bit_of_the_body_is_seen(place: int, bit: int) -> None:
    """The signature covers every byte, the line ends too."""
    flipped = bytes([SIGNED[place] ^ (1 << bit)])
    if {SIGNED[place : place + 1], flipped} != {b"\n", b"\r"}:
        assert verdict(SIGNED[:place] + flipped + SIGNED[place + 1 :]) == "invalid"


def test_only_the_keys_of_the_sec_are_trusted() -> None:
    """A message that anybody signed with a key of their own is not the SEC's."""
    assert verify_pem(SIGNED) == "invalid"
    assert verify_pem(SIGNED, trusted_keys=KEYS) == "valid"


@given(st.binary(max_size=120))
def test_no_key_and_no_signature_can_make_it_raise(noise: bytes) -> None:
    """Whatever stands in the head, the answer is a verdict."""
    field = base64.b64encode(noise)
    for name in (b"Originator-Key-Asymmetric:", b"MIC-Info: RSA-MD5,RSA,"):
        start = SIGNED.index(name) + len(name)
        assert verdict(SIGNED[:start] + b" " + field + b"\n" + SIGNED[start:]) == "invalid"


def test_a_padding_that_is_too_short_is_no_signature() -> None:
    """A key too small for PKCS#1 v1.5 with MD5 verifies nothing, trusted or not."""
    tiny = SigningKey(n=3233, e=17, d=413)
    assert verify_pem(wrap(BODY, tiny), trusted_keys=frozenset({PublicKey(tiny.n, tiny.e)})) == "invalid"


@functools.cache
def _variants() -> tuple[bytes, ...]:
    return (
        SIGNED,
        SIGNED.replace(b"\n", b"\r\n"),
        SIGNED + wrap(b"another\n"),
        SIGNED.replace(b"last", b"lost"),
        PEM_BEGIN + b"\nName: " + b"x" * 20_000 + SIGNED[len(PEM_BEGIN) :],
    )


@given(st.integers(0, 4), st.lists(st.integers(min_value=0, max_value=1500), max_size=40))
def test_the_verdict_is_the_same_in_any_chunks(which: int, cuts: list[int]) -> None:
    """A network hands out bytes as it likes."""
    data = _variants()[which]
    assert verdict(data, *cuts) == verdict(data)


@pytest.mark.parametrize("which", range(5))
@pytest.mark.slow
def test_the_verdict_is_the_same_byte_by_byte(which: int) -> None:
    """Every border between two chunks is tried, those inside a marker and a CRLF too."""
    data = _variants()[which]
    assert verdict(data, *[1] * len(data)) == verdict(data)


@pytest.mark.parametrize("step", [1000, 65_536, (1 << 20) - 1])
def test_an_endless_line_in_chunks_is_valid_too(step: int) -> None:
    """Lines of 1.2 MB are real, and ``- `` inside them is text."""
    assert verdict(LONG_LINE, *[step] * (len(LONG_LINE) // step)) == "valid"


def test_signed_files_of_the_project_verify_by_the_key_of_the_tests() -> None:
    """Those that the manifest calls signed, one of them with stuffed dashes and no line end at its end."""
    signed = [row["file"] for row in rows("submission") if row["pem"] == "y" and (ODDITIES / row["file"]).exists()]
    assert len(signed) == 3
    for file in signed:
        data = (ODDITIES / file).read_bytes()
        assert verify_pem(data, trusted_keys=frozenset({PublicKey(*PUBLIC_KEY)})) == "valid"
        assert verify_pem(data) == "invalid", "by the SEC's keys"


@needs_corpus
def test_real_files_verify_but_those_damaged_by_their_keepers() -> None:
    """The signatures of the SEC itself are understood, in files from 1994 to 2010."""
    verdicts = {}
    for path in CORPUS.iterdir():
        data = path.read_bytes() if path.suffix == ".txt" else b""
        if data.lstrip().startswith(PEM_BEGIN):
            verdicts[path.name] = verify_pem(data)
    assert {name for name, found in verdicts.items() if found == "invalid"} == DAMAGED_BY_THEIR_KEEPERS
    assert len(verdicts) > 50
