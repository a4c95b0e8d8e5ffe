from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from archiver.streams.chunks import ChunkReader


@given(
    st.lists(st.binary(max_size=9)), st.lists(st.tuples(st.sampled_from(["read", "peek", "skip"]), st.integers(0, 12)))
)
def test_every_byte_is_read_once_and_in_order(pieces: list[bytes], steps: list[tuple[str, int]]) -> None:
    """However it is cut into pieces, and however it is read."""
    data, at = b"".join(pieces), 0
    reader = ChunkReader(pieces)
    for step, size in steps:
        expected = data[at : at + size]
        if step == "peek":
            assert reader.peek(size) == expected
            continue
        if step == "read":
            assert reader.read(size) == expected
        else:
            assert reader.skip(size) == len(expected)
        at += len(expected)
        assert reader.taken == at
    assert b"".join(reader.portions()) == data[at:]
