"""What one search may cost."""

from __future__ import annotations

import pytest

from archiver.errors import QueryError
from indexer.query.bounds import MAX_EXPANSIONS, Deadline, bounded


def test_a_pattern_may_stand_for_so_many_words_and_no_more() -> None:
    """The first word too many is an error that names pattern and bound."""
    assert len(bounded(iter(range(MAX_EXPANSIONS)), "a*")) == MAX_EXPANSIONS
    with pytest.raises(QueryError, match=rf"a\* stands for more than {MAX_EXPANSIONS}"):
        bounded(iter(range(MAX_EXPANSIONS + 1)), "a*")


def test_a_search_without_time_left_is_given_up() -> None:
    """A deadline that is over stops the next step."""
    with pytest.raises(QueryError, match="took more than"):
        list(Deadline(-1).watch([1]))
    assert list(Deadline(60).watch([1, 2])) == [1, 2]
