"""The nodes of query trees."""

from __future__ import annotations

import pickle

from indexer.query.build import parse_query
from indexer.query.nodes import Near, Pattern, Stem, Word, leaves, spelled

EVERYTHING = (
    'a AND (bb* OR NOT c~1) "d e" "f g"~3 stem:h form:8-K cik:5 name:"acme inc" filed:2004 te?t description:"a b*"'
)


def test_nodes_are_equal_by_what_they_mean() -> None:
    """Two words of one stem ask for the same; near words differ by distance and field."""
    assert Stem("text", "resigned") == Stem("text", "resignation")
    assert hash(Stem("text", "resigned")) == hash(Stem("text", "resigning"))
    parts = (Word("text", "a"), Word("text", "b"))
    assert Near("text", parts, 5) == Near("text", parts, 5) != Near("text", parts, 4)
    assert Near("text", parts, 5) != Near("description", parts, 5)


def test_a_tree_can_be_pickled_and_is_a_key() -> None:
    """A tree of every kind of node survives pickling, and equal trees have one hash."""
    tree = parse_query(EVERYTHING)
    again = pickle.loads(pickle.dumps(tree))  # noqa: S301 (our own bytes)
    assert again == tree
    assert hash(again) == hash(tree)


def test_the_leaves_of_a_tree_come_in_order() -> None:
    """Every leaf is reached, also below NOT, and says its field and how it was asked for."""
    tree = parse_query("a NOT (form:8-K* OR b~2) name:acme")
    assert [leaf.field for leaf in leaves(tree)] == ["text", "description", "form", "text", "description", "name"]
    assert [spelled(Pattern("text", "re*")), spelled(Stem("text", "resigned"))] == ["re*", "stem:resigned"]


def test_a_pattern_knows_what_its_words_begin_with() -> None:
    """Only one * at the end makes a mere beginning."""
    assert [Pattern("text", text).prefix for text in ("re*", "re?", "r*e*", "r?e*")] == ["re", None, None, None]
    assert [Pattern("text", text).literal for text in ("re*", "re?d", "r*e?", "*x")] == ["re", "re", "r", ""]
