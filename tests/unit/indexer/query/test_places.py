"""Where words must stand, given their places."""

from __future__ import annotations

import pytest

from indexer.query.bounds import Deadline
from indexer.query.places import NAME_GAP, Places, apart, in_one_name, inside, near, side_by_side


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
    """A stretch has its beginning and not its end."""
    assert inside([1, 4, 5, 9], [1, 5, 9, 12]) == [1, 4, 9]


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
