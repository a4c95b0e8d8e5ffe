"""A raw tree as text again."""

from __future__ import annotations

import pytest

from indexer.query.build import parse_query
from indexer.query.language.grammar import raw_leaves, read
from indexer.query.language.written import conjuncts, joined, with_field, written
from tests.conformance.cases import QUERIES


@pytest.mark.parametrize("query", QUERIES)
def test_what_is_written_means_the_same(query: str) -> None:
    """So does the query put together again from its parts."""
    raw = read(query)
    assert raw is not None
    assert parse_query(written(raw)) == parse_query(query)
    assert parse_query(joined(conjuncts(raw))) == parse_query(query)


def test_parts_are_what_must_all_hold() -> None:
    """Groups inside of groups are taken apart, alternatives are one part."""
    parts = conjuncts(read('a (b AND "c d"~2) (e OR f) -g filed:[2004 TO 2005]'))
    assert [written(part) for part in parts] == ["a", "b", '"c d"~2', "e OR f", "NOT g", "filed:[2004 TO 2005]"]
    assert conjuncts(None) == ()


def test_a_field_is_replaced_wherever_it_stands() -> None:
    """In groups, behind NOT and beside NEAR."""
    raw = read("item:1A (b OR item:7) NOT item:8 item:x NEAR/3 c")
    assert raw is not None
    changed = with_field(raw, "item", "section")
    assert written(changed) == "section:1A (b OR section:7) NOT section:8 section:x NEAR/3 c"
    assert [leaf.field for leaf in raw_leaves(changed)].count("section") == 4
