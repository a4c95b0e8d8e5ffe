"""What the grammar refuses: everything that Whoosh's parser would drop or reword."""

from __future__ import annotations

import pytest

from archiver.errors import QueryError
from indexer.query.grammar import MAX_DEPTH, read


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ('"open', 0),
        ('say "open', 4),
        ("(a", 0),
        ("a)", 1),
        ("((a)", 0),
        ("()", 1),
        ("AND a", 0),
        ("a AND", 5),
        ("a OR", 4),
        ("NOT", 3),
        ("(a OR)", 5),
        ("(OR a)", 1),
        ("NOT NOT a", 4),
        ("a AND OR b", 6),
        ("form:", 5),
        ("form: 8-K", 6),
        ("form:cik:5", 5),
        ("filed:[2004* TO 2005]", 6),
        ("forms:8-K*", 0),
        ("filed:[2004-01-01", 6),
        ('"a b"~', 5),
        ("x~3", 1),
        ("x~0", 1),
        ("x~1y", 3),
        ("te?t~1", 4),
        ('foo*"bar"', 4),
    ],
)
def test_what_cannot_be_read_is_an_error_with_its_position(text: str, position: int) -> None:
    """A query is read in full or refused, with the place of the trouble."""
    with pytest.raises(QueryError) as caught:
        read(text)
    assert caught.value.position == position


@pytest.mark.parametrize("text", ["forms:8-K", 'forms:"SC 13D"', "forms:(8-K)", "a forms:8-K"])
def test_an_unknown_field_is_refused_with_the_near_one(text: str) -> None:
    """A mistyped field is not searched as a word: the error names the field that was meant."""
    with pytest.raises(QueryError, match="did you mean form:"):
        read(text)


def test_text_with_colons_is_no_field() -> None:
    """Times of day and labels before a space are words."""
    assert [leaf.text for leaf in read("10:30 Subject: x").leaves()] == ["10:30", "Subject:", "x"]


def test_parentheses_are_bounded() -> None:
    """Nesting beyond the bound is refused with the bound named, before anything recurses."""
    with pytest.raises(QueryError, match=str(MAX_DEPTH)):
        read("(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1))
