"""The query in words."""

from __future__ import annotations

from datetime import date

import pytest

from indexer.query.build import parse_query
from indexer.query.explain import explain
from indexer.query.filters import Filters


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("resigned", 'text or description has "resigned"'),
        ('"board of directors"', 'text or description has the phrase "board of directors"'),
        ("AT&T", 'text or description has the phrase "at t"'),
        (
            '"board direct*"~5',
            (
                'text or description has "board" and a word like "direct*" near each other in any order,'
                " with fewer than 5 other words between them"
            ),
        ),
        (
            '(resign* OR quit) NEAR/5 "chief officer"',
            (
                'text or description has (a word like "resign*" or "quit") near the phrase "chief officer",'
                " with at most 5 other words between"
            ),
        ),
        ("a PRE/2 b", 'text or description has "a" before "b", with at most 2 other words between'),
        ('"press rel*"', 'text or description has in sequence "press" then a word like "rel*"'),
        ("resig?ed", 'text or description has a word like "resig?ed"'),
        ("acquistion~1", 'text or description has a word at most 1 edit from "acquistion"'),
        ("stem:resigned", 'text or description has a word with the stem of "resigned"'),
        ("description:press", 'description has "press"'),
        ("form:8-k*", "form is like 8-K*"),
        ("cik:0000000320", "CIK is 320"),
        ('name:"internap net*"', 'a name, current or former, has "internap" and a word like "net*"'),
        ("period:[TO 2004]", "period of report up to 2004-12-31"),
        ("section:mda", "all of this is in one section mda"),
        ('section:"ii  1a"', "all of this is in one section II 1A"),
        ("filed:2004", "filing date from 2004-01-01 to 2004-12-31"),
    ],
)
def test_each_leaf_is_said_in_words(query: str, said: str) -> None:
    """Whatever stands in a query is one line that a person can check."""
    assert explain(parse_query(query), None) == f"query:\n  {said}"


def test_what_belongs_together_is_indented() -> None:
    """AND, OR and NOT are headings over what they join, and filters stand apart from the query."""
    filters = Filters(form=["8-K", "8-K/A"], since=date(2004, 1, 1))
    assert explain(parse_query("a OR NOT item:5.02"), filters.tree()).splitlines() == [
        "query:",
        "  any of:",
        '    text or description has "a"',
        "    not:",
        "      item is 5.02",
        "filters:",
        "  all of:",
        "    any of:",
        "      form is 8-K",
        "      form is 8-K/A",
        "    filing date from 2004-01-01 on",
    ]


def test_asking_for_nothing_is_asking_for_everything() -> None:
    """Without query and filters, all there is comes."""
    assert explain(None, None) == "everything"
