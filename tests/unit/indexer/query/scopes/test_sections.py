"""Sections beside words."""

from __future__ import annotations

import pytest

from archiver.errors import QueryError
from indexer.entries import exact
from indexer.query.build import parse_query
from indexer.query.filters import Filters
from indexer.query.nodes import All, Not, Value, Within, Word, leaves
from indexer.query.scopes.sections import MAX_BOUND, asked_sections, bound_query, in_section, scoped


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
    assert asked_sections(parse_query("x -section:7")) == asked_sections(None) == frozenset()
    tree = parse_query("section:risk-factors x")
    for same in (tree, scoped(tree, None)[0]):
        assert same is not None
        assert asked_sections(same) == {"10-k 1a", "10-ksb 1a", "10-q ii 1a"}
        assert asked_sections(in_section(same, "10-K 1A")) == {"10-k 1a"}
        assert asked_sections(in_section(same, "10-K 7")) == frozenset()


@pytest.mark.parametrize(
    ("query", "sections"),
    [("section:(1A OR 7) x", None), ("(section:1A OR (section:7 OR section:mda)) x", None), ("x", ["1A", "7"])],
)
def test_alternatives_of_sections_are_one_that_is_any_of_them(query: str, sections: list[str] | None) -> None:
    """The words must be in one of them, as they must be in one that is named alone."""
    tree, _ = scoped(parse_query(query), Filters(section=sections).tree())
    assert tree is not None
    named = asked_sections(parse_query("section:1A")) | asked_sections(parse_query("section:7"))
    within = {exact(leaf.key) for leaf in leaves(tree) if isinstance(leaf, Within)}
    assert within >= named
    assert not any(isinstance(leaf, Word) and leaf.field == "text" for leaf in leaves(tree))


@pytest.mark.parametrize(
    "query",
    [
        "section:1 (" * 31 + "x" + ")" * 31,
        "section:1 (x OR (" * 15 + "x" + "))" * 15,
        " OR ".join(["(section:1 (section:1 (section:1 (section:1 (section:1 x)))))"] * 30),
    ],
    ids=["nested", "nested with alternatives", "side by side"],
)
def test_sections_inside_of_sections_do_not_multiply_without_end(query: str) -> None:
    """Each repeats what is in it for each form: a query of a hundred characters would take minutes, or all memory."""
    tree = parse_query(query)
    for scope in (scoped, bound_query):
        with pytest.raises(QueryError, match=f"more than {MAX_BOUND:,} conditions"):
            scope(tree, None)
    with pytest.raises(QueryError, match=f"more than {MAX_BOUND:,} conditions"):
        scoped(None, tree)


def test_a_long_query_in_every_section_is_not_refused() -> None:
    """As many words as a query may have, in all sections of a report that a filter can name."""
    filters = Filters(section=["1", "1A", "2", "3", "7", "7A", "8", "9A"]).tree()
    tree, _ = scoped(parse_query(" ".join(f"w{number}" for number in range(256))), filters)
    assert tree is not None
    assert len(list(leaves(tree))) > 256
