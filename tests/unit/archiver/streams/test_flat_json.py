from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import DamagedBodyError
from archiver.streams.flat_json import flat_objects

FLAT = st.dictionaries(st.text(max_size=8), st.text(max_size=12) | st.integers() | st.none(), max_size=4)


@given(st.lists(FLAT, max_size=20), st.sampled_from([None, 2]))
def test_flat_objects_are_what_json_says(objects: list[dict[str, object]], indent: int | None) -> None:
    """Whatever stands in their strings: braces, quotes, escapes."""
    assert list(flat_objects(json.dumps(objects, indent=indent).encode(), most=20)) == objects
    keyed = {str(number): one for number, one in enumerate(objects)}
    assert list(flat_objects(json.dumps(keyed).encode(), most=20)) == (objects or [{}])


def test_more_objects_than_any_list_has_are_refused() -> None:
    """However small they are."""
    with pytest.raises(DamagedBodyError, match="more"):
        list(flat_objects(b"[{},{},{}]", most=2))
