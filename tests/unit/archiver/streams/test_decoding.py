from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import DamagedBodyError
from archiver.streams.decoding import ContentDecoder

BODIES = st.binary(max_size=3000) | st.binary(min_size=1, max_size=4).map(lambda piece: piece * 5000)
CUTS = st.lists(st.integers(min_value=1, max_value=400), max_size=30)


def decode(encoding: str, received: bytes, cuts: list[int]) -> bytes:
    """The decoded body, fed in pieces of the sizes `cuts`, then the rest."""
    decoder = ContentDecoder(encoding)
    decoded = b""
    for size in [*cuts, len(received)]:
        decoded += b"".join(decoder.decode(received[:size]))
        received = received[size:]
    decoder.finish()
    return decoded


@given(st.lists(BODIES, min_size=1, max_size=3), CUTS, st.sampled_from(["gzip", "x-gzip"]))
def test_gzip_of_any_members_in_any_chunks_is_the_body(members: list[bytes], cuts: list[int], encoding: str) -> None:
    """A gzip body may have several members, and may arrive cut anywhere."""
    received = b"".join(gzip.compress(member) for member in members)
    assert decode(encoding, received, cuts) == b"".join(members)


@given(BODIES, CUTS)
def test_deflate_in_any_chunks_is_the_body(body: bytes, cuts: list[int]) -> None:
    """`deflate` is zlib's format (RFC 9110, section 8.4.1.2)."""
    assert decode("deflate", zlib.compress(body), cuts) == body


@given(BODIES, CUTS, st.sampled_from(["", "identity"]))
def test_a_plain_body_is_taken_as_it_is(body: bytes, cuts: list[int], encoding: str) -> None:
    """No encoding, no change."""
    assert decode(encoding, body, cuts) == body


@given(st.binary(min_size=1, max_size=2000), st.data())
def test_a_cut_body_is_never_taken_for_a_whole_one(body: bytes, data: st.DataObject) -> None:
    """Wherever the connection broke, the missing end is noticed."""
    encoding = data.draw(st.sampled_from(["gzip", "deflate"]))
    received = gzip.compress(body) if encoding == "gzip" else zlib.compress(body)
    cut = data.draw(st.integers(min_value=0, max_value=len(received) - 1))
    with pytest.raises(DamagedBodyError):
        decode(encoding, received[:cut], [])


@pytest.mark.parametrize(
    ("encoding", "received"),
    [
        ("gzip", b"<html>not gzip</html>"),
        ("gzip", gzip.compress(b"body", mtime=0) + b"trailing"),
        ("gzip", gzip.compress(b"body", mtime=0)[:-8] + bytes(8)),
        ("deflate", zlib.compress(b"body") + b"x"),
        ("deflate", zlib.compress(b"body")[:-4] + bytes(4)),
    ],
)
def test_damage_inside_a_compressed_body_is_noticed(encoding: str, received: bytes) -> None:
    """Bytes that are not the encoding, a wrong checksum, and bytes after the end are all damage."""
    with pytest.raises(DamagedBodyError):
        decode(encoding, received, [])


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "zstd"])
def test_an_encoding_that_was_not_asked_for_is_refused(encoding: str) -> None:
    """Nothing undecodable reaches the store."""
    with pytest.raises(DamagedBodyError):
        ContentDecoder(encoding)


def test_a_bomb_comes_in_bounded_pieces() -> None:
    """However small the received bytes, no piece passes 1 MiB, so a reader can stop in time."""
    pieces = ContentDecoder("gzip").decode(gzip.compress(bytes(50_000_000)))
    assert max(len(piece) for piece, _ in zip(pieces, range(20), strict=False)) <= 1 << 20


@pytest.mark.parametrize("silence", [b"\0", gzip.compress(b"", mtime=0)], ids=["padding", "empty members"])
@pytest.mark.parametrize("cut", [1 << 12, 1 << 18])
def test_a_stream_that_goes_on_without_text_is_damaged(silence: bytes, cut: int) -> None:
    """Padding is taken for a while; for ever it would fill the disk, since the received bytes are kept."""
    decoder = ContentDecoder("gzip")
    list(decoder.decode(gzip.compress(b"body")))
    taken: list[int] = []

    def feed() -> None:
        while sum(taken) < 8 << 20:
            taken.append(cut)
            list(decoder.decode(silence * (cut // len(silence))))

    with pytest.raises(DamagedBodyError, match="without any text"):
        feed()
    assert sum(taken) <= 2 << 20
