"""What one search may cost."""

from __future__ import annotations

import pytest

from archiver.errors import QueryError
from indexer.query.bounds import MAX_ALL_EXPANSIONS, MAX_EXPANSIONS, Deadline, Expansions, one_search


def test_a_pattern_may_stand_for_so_many_words_and_no_more() -> None:
    """The first word too many is an error that names pattern and bound."""
    assert len(Expansions().take(iter(range(MAX_EXPANSIONS)), "a*")) == MAX_EXPANSIONS
    with pytest.raises(QueryError, match=rf"a\* matches more than {MAX_EXPANSIONS}"):
        Expansions().take(iter(range(MAX_EXPANSIONS + 1)), "a*")


def test_a_search_without_time_left_is_given_up() -> None:
    """A deadline that is over stops the next step."""
    with pytest.raises(QueryError, match="took more than"):
        list(Deadline(-1).watch([1]))
    assert list(Deadline(60).watch([1, 2])) == [1, 2]


def test_what_is_asked_for_one_search_has_one_time_limit() -> None:
    """However many questions an index is asked, the last one has only the time that the others left."""
    with one_search(60), one_search(-1):
        with pytest.raises(QueryError, match="took more than"):
            Deadline()
        with one_search(60), pytest.raises(QueryError, match="took more than"):
            Deadline()
    assert list(Deadline().watch([1])) == [1]


def test_the_words_of_all_patterns_are_bounded_together() -> None:
    """Many patterns of which each is allowed are too many together."""
    expansions = Expansions()
    for _ in range(MAX_ALL_EXPANSIONS // MAX_EXPANSIONS):
        assert len(expansions.take(range(MAX_EXPANSIONS), "a*")) == MAX_EXPANSIONS
    with pytest.raises(QueryError, match=f"more than {MAX_ALL_EXPANSIONS} words"):
        expansions.take([1], "b*")
