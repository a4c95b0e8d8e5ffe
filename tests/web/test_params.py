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


@pytest.mark.parametrize(
    ("name", "text", "values"),
    [
        ("section", "Part I, Item 1A", ("Part I, Item 1A",)),
        ("section", "1A, part ii, item 1a,mda", ("1A", "part ii, item 1a", "mda")),
        ("section", "II, 1A,II,7", ("II, 1A", "II,7")),
        ("section", "Item 9. Changes in, and Disagreements with, Accountants,7A", None),
        ("section", "MD&A,Risk Factors,5.02", ("MD&A", "Risk Factors", "5.02")),
        ("name", "Acme, Inc.", ("Acme, Inc.",)),
        ("series", "Growth, Class A", ("Growth, Class A",)),
        ("state", "New York, DE,", ("New York", "DE")),
        ("type", "EX-10, ex-99*", ("EX-10", "ex-99*")),
    ],
)
def test_a_comma_that_belongs_to_a_value_does_not_separate(
    name: str, text: str, values: tuple[str, ...] | None
) -> None:
    """In a part and item, a heading, and the name of a company or fund; every value can be read by itself."""
    wanted = values or (text.removesuffix(",7A"), "7A")
    options = read_search(MultiDict([(name, text)])).options
    assert getattr(options, name) == wanted
    assert options.filters().tree() is not None


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({"added-since": "2026-11-01"}, {"added_since": "2026-11-01"}),
        ({"context": "5", "passages": "2"}, {"context_words": "5", "passages": "2"}),
        ({"no-amendments": "1"}, {"amendments": "0"}),
        ({"no-amendments": "0"}, {}),
        ({"amendments": "", "stem": "", "main": ""}, {}),
    ],
)
def test_an_option_of_the_command_line_is_a_parameter(given: dict[str, str], meant: dict[str, str]) -> None:
    """In its own spelling too; a blank field asks for nothing."""
    assert read_search(MultiDict(given)).options == read_search(MultiDict(meant)).options
