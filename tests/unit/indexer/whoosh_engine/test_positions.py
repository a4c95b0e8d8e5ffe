from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.whoosh_engine.positions import PackedPositions, decode_positions, has_phrase


@given(st.sets(st.integers(0, 2**32 - 1), min_size=1).map(sorted))
def test_positions_come_back_as_they_were(positions: list[int]) -> None:
    """Whatever the distances between them, the positions that go in come out, and their number is known."""
    form = PackedPositions()
    value = form.encode(positions)
    assert form.decode_positions(value) == decode_positions(value) == positions
    assert form.decode_frequency(value) == form.decode_weight(value) == len(positions)


@pytest.mark.parametrize(
    ("positions", "value"),
    [
        ([3], b"\x01\x03"),
        ([0, 255, 256], b"\x01\x00\xff\x01"),
        ([256, 257], b"\x02\x00\x01\x01\x00"),
        ([65_536], b"\x04\x00\x00\x01\x00"),
    ],
)
def test_the_format_on_disk_is_fixed(positions: list[int], value: bytes) -> None:
    """An index that was written earlier stays readable: width, then distances with the low byte first."""
    assert PackedPositions().encode(positions) == value


_places = st.sets(st.integers(0, 12) | st.integers(250, 270) | st.integers(65_530, 65_545), min_size=1)


@given(st.lists(_places, min_size=1, max_size=4), st.data())
def test_a_phrase_is_found_where_its_words_follow_each_other(words: list[set[int]], data: st.DataObject) -> None:
    """For words anywhere in a document, in any order, a phrase is found if and only if one can see it."""
    parts = [(PackedPositions().encode(sorted(places)), place) for place, places in enumerate(words)]
    expected = any(all(start + place in places for place, places in enumerate(words)) for start in words[0])
    assert has_phrase(data.draw(st.permutations(parts))) == expected
