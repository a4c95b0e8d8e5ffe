"""Where words must stand, given their places."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.query.bounds import Deadline
from indexer.query.places import NAME_GAP, STRETCH_GAP, Places, apart, in_one_name, inside, near, side_by_side


@pytest.mark.parametrize(
    ("places", "expected"), [([[1, 7], [3, 8]], True), ([[1], [3]], False), ([[2], [1]], False), ([[5]], True)]
)
def test_side_by_side(places: Places, expected: bool) -> None:  # noqa: FBT001 — a parameter
    """In order, without a gap."""
    assert side_by_side(places) is expected


def test_in_one_name() -> None:
    """Names are apart by a gap."""
    assert in_one_name([[0], [3]])
    assert not in_one_name([[0], [NAME_GAP]])


def test_inside() -> None:
    """A stretch has its beginning and not its end, and nothing in one is near anything in another."""
    assert inside([1, 4, 5, 9], [1, 5, 9, 12]) == [1, 4, 9 + STRETCH_GAP]
    assert inside([4, 5, 6], [1, 5, 5, 6]) == [4, 5 + STRETCH_GAP]


@pytest.mark.parametrize(("distance", "expected"), [(3, False), (4, True)])
def test_near(distance: int, expected: bool) -> None:  # noqa: FBT001 — a parameter
    """Two words are at most `distance` places apart, whichever is first; each needs a place of its own."""
    assert near(distance, (1, 1), deadline=Deadline())([[7], [3]]) is expected
    assert not near(distance, (2,), deadline=Deadline())([[7]])


@pytest.mark.parametrize(("ordered", "expected"), [(False, True), (True, False)])
def test_apart(ordered: bool, expected: bool) -> None:  # noqa: FBT001 — a parameter
    """With an order, the left side stands first."""
    assert apart(1, 2, ordered=ordered, deadline=Deadline())([[6], [3]]) is expected
    assert not apart(1, 1, ordered=ordered, deadline=Deadline())([[6], [3]])


@given(
    st.lists(st.sets(st.integers(0, 25), max_size=6).map(sorted), min_size=1, max_size=3),
    st.lists(st.integers(1, 2), min_size=3, max_size=3),
    st.integers(1, 6),
)
def test_near_is_what_the_definition_says(parts: Places, times: list[int], distance: int) -> None:
    """Every choice of own places is tried, however rare or frequent a part is."""
    times = times[: len(parts)]
    wanted = [part for part, count in enumerate(times) for _ in range(count)]
    widest = len(wanted) - 1 + distance - 1
    expected = any(
        len(set(chosen)) == len(chosen) and max(chosen) - min(chosen) <= widest
        for chosen in product(*(parts[part] for part in wanted))
    )
    assert near(distance, times, deadline=Deadline())(parts) is expected


class _Counted(list[int]):
    """Places that count how many of them are taken out."""

    taken = 0

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        self.taken += len(found) if isinstance(place, slice) else 1
        return found

    def __iter__(self) -> Iterator[int]:
        self.taken += len(self)
        return super().__iter__()


def test_near_looks_at_few_places_of_frequent_words() -> None:
    """Only what stands around the rarest part is looked at: phrases of words like `of` take no time for all of them."""
    frequent = [_Counted(range(start, 100_000, 2)) for start in (0, 1)]
    assert near(50, (1, 1, 1), deadline=Deadline())([*frequent, [60_000, 70_000]])
    assert all(one.taken < 1_000 for one in frequent)
