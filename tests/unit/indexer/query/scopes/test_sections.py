"""Sections beside words."""

from __future__ import annotations

from indexer.query.build import parse_query
from indexer.query.filters import Filters
from indexer.query.nodes import All, Not, Value, Within, Word
from indexer.query.scopes.sections import asked_sections, in_section, scoped


def test_words_beside_a_section_are_bound_to_it() -> None:
    """Each word of text is looked for in the section, its description is not, and facts stay as they are."""
    tree, _ = scoped(parse_query("section:5.02 resigned NOT retired form:8-K"), None)
    key = "8-K 5.02"
    assert tree == All(
        (
            Value("section", "8-k 5.02"),
            All(
                (Within(key, Word("text", "resigned")), Not(Within(key, Word("text", "retired"))), Value("form", "8-k"))
            ),
        )
    )


def test_a_section_among_the_filters_is_for_the_query() -> None:
    """`--section` does what ``section:`` does, and other filters stay."""
    by_filter = scoped(parse_query("resigned"), Filters(section=["5.02"], form=["8-K"]).tree())
    assert by_filter == (scoped(parse_query("section:5.02 resigned"), None)[0], Value("form", "8-k"))
    assert scoped(None, Filters(section=["5.02"]).tree()) == (None, Value("section", "8-k 5.02"))


def test_without_a_section_a_tree_is_as_it_was() -> None:
    """Nothing is rewritten where no section is asked for."""
    tree = parse_query('a OR "b c" NOT form:8-K description:d')
    assert scoped(tree, None) == (tree, None)


def test_the_sections_that_are_asked_for() -> None:
    """A name stands for its item in each form that has it."""
    assert asked_sections(parse_query("section:risk-factors x")) == {"10-K 1A", "10-KSB 1A", "10-Q II 1A"}
    assert asked_sections(parse_query("x")) == asked_sections(None) == frozenset()
    bound = in_section(parse_query("x"), "10-K 1")
    assert bound == All((Value("section", "10-k 1"), Within("10-K 1", Word("text", "x"))))
