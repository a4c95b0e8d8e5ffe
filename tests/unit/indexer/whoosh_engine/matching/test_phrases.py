from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from indexer.whoosh_engine.matching.phrases import has_phrase
from indexer.whoosh_engine.positions import PackedPositions

_places = st.sets(st.integers(0, 12) | st.integers(250, 270) | st.integers(65_530, 65_545), min_size=1)


@given(st.lists(_places, min_size=1, max_size=4), st.data())
def test_a_phrase_is_found_where_its_words_follow_each_other(words: list[set[int]], data: st.DataObject) -> None:
    """For words anywhere in a document, in any order, a phrase is found if and only if one can see it."""
    parts = [(PackedPositions().encode(sorted(places)), place) for place, places in enumerate(words)]
    expected = any(all(start + place in places for place, places in enumerate(words)) for start in words[0])
    assert has_phrase(data.draw(st.permutations(parts))) == expected
