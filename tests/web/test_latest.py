"""A cache of the values used last."""

from __future__ import annotations

from edgarchive.web.caching.latest import LatestValues


def test_what_was_not_used_for_longest_is_forgotten() -> None:
    """The weights of the others are at most what was given; what is heavier than its limit is not kept."""
    kept = LatestValues[str, int](10, largest=6)
    kept.put("a", 1, 4)
    kept.put("b", 2, 4)
    assert kept.get("a") == 1
    kept.put("c", 3, 4)
    kept.put("d", 4, 7)
    assert [kept.get(key) for key in "abcd"] == [1, None, 3, None]
    kept.put("c", 5, 6)
    assert [kept.get(key) for key in "ac"] == [1, 5]
    kept.forget("a")
    kept.put("e", 6, 4)
    assert [kept.get(key) for key in "ace"] == [None, 5, 6]
