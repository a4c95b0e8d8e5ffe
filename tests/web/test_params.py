"""Query parameters as search options."""

from __future__ import annotations

import pytest
from multidict import MultiDict

from edgarchive.web.api.openapi import search_parameters
from edgarchive.web.params import read_search
from indexer.fields import NAME_FIELDS
from indexer.search.options import SEVERAL


@pytest.mark.parametrize("name", SEVERAL)
def test_every_filter_with_alternatives_takes_several_values(name: str) -> None:
    """A repeated parameter gives alternatives, and so does a list with commas, except in names, which contain them."""
    repeated = read_search(MultiDict([(name, "1"), (name, " 2 "), (name, "")])).options
    joined = read_search(MultiDict([(name, "1,2")])).options
    assert getattr(repeated, name) == ("1", "2")
    assert getattr(joined, name) == (("1,2",) if name in NAME_FIELDS else ("1", "2"))
    [described] = [one for one in search_parameters() if one["name"] == name]
    assert described["schema"]["type"] == "array"


@pytest.mark.parametrize("name", ["since", "until", "added_since"])
def test_of_a_parameter_with_one_value_the_last_counts(name: str) -> None:
    """As on the command line."""
    options = read_search(MultiDict([(name, "2001-01-01"), (name, "2002-02-02")])).options
    assert str(getattr(options, name)) == "2002-02-02"
