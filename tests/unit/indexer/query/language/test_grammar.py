"""What the grammar reads, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from archiver.errors import QueryError
from indexer.query.language.grammar import (
    MAX_DEPTH,
    RawGroup,
    RawNot,
    RawPhrase,
    RawProximity,
    RawRange,
    RawWord,
    raw_leaves,
    read,
)


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
        ("forms:8-K*", 0),
        ("filed:[2004-01-01", 6),
        ('"a b"~', 5),
        ("x~3", 1),
        ("x~0", 1),
        ("x~1y", 3),
        ("te?t~1", 4),
        ('foo*"bar"', 4),
        ('"a b" ~5', 6),
        ("a \u2013b", 2),
        ('a \u2014"b c"', 2),
        ("a \u2010(b)", 2),
        ("a NEAR/-1 b", 2),
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


def test_a_dash_between_words_and_a_number_about_so_large_are_text() -> None:
    """Only a dash where ``-`` would exclude, and a ``~5`` behind a phrase, may be meant as operators."""
    words = [
        leaf.text for leaf in raw_leaves(read("2004\u20132005 a \u2013 b ~5 million")) if isinstance(leaf, RawWord)
    ]
    assert words == ["2004\u20132005", "a", "\u2013", "b", "~5", "million"]


def test_text_with_colons_is_no_field() -> None:
    """Times of day and labels before a space are words."""
    words = [leaf.text for leaf in raw_leaves(read("10:30 Subject: x")) if isinstance(leaf, RawWord)]
    assert words == ["10:30", "Subject:", "x"]


def test_parentheses_are_bounded() -> None:
    """Nesting beyond the bound is refused with the bound named, before anything recurses."""
    with pytest.raises(QueryError, match=str(MAX_DEPTH)):
        read("(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1))


def test_operators_bind_in_their_order() -> None:
    """NOT before AND before OR before words that just stand next to each other."""
    a, b, c, d = (RawWord(None, letter, at) for letter, at in zip("abcd", (0, 5, 14, 16), strict=True))
    assert read("a OR b AND NOT c d") == RawGroup(
        "and",
        (
            RawGroup("or", (a, RawGroup("and", (b, RawNot(replace(c, at=15)))))),
            replace(d, at=17),
        ),
    )


def test_a_field_is_for_all_in_its_parentheses() -> None:
    """What names no field of its own inside has the field before them."""
    assert [leaf.field for leaf in raw_leaves(read('form:(8-K OR (cik:5 "SC 13D")) x'))] == [
        "form",
        "cik",
        "form",
        None,
    ]


def test_each_kind_of_leaf_keeps_what_was_typed() -> None:
    """Words with their edits, phrases with their distance, ranges with their ends."""
    tree = read('Foo~2 "Bar  x"~4 filed:{2004 TO 2005-01]')
    assert list(raw_leaves(tree)) == [
        RawWord(None, "Foo", 0, edits=2),
        RawPhrase(None, "Bar  x", 6, distance=4),
        RawRange("filed", "2004 ", " 2005-01", 23, excludes_first=True, excludes_last=False),
    ]


@pytest.mark.parametrize("text", ["AND", "and", "form:AND", '"AND"', "ANDY"])
def test_only_a_word_by_itself_in_capitals_is_an_operator(text: str) -> None:
    """A value, a quoted word, and words in small letters are words."""
    if text == "AND":
        with pytest.raises(QueryError):
            read(text)
    else:
        assert isinstance(read(text), RawWord | RawPhrase)


@pytest.mark.parametrize(
    ("text", "position", "written"),
    [
        ("a || b", 2, "OR"),
        ("a||b", 0, "OR"),
        ("a | b", 2, "OR"),
        ("a && b", 2, "AND"),
        ("a !b", 2, "-word"),
        ("indemn! a", 0, "indemn*"),
        ("a|b", 0, "OR"),
        ("a BUT NOT b", 2, "NOT"),
        ("a % b", 2, "NOT"),
        ("a +5 b", 2, "PRE/10"),
        ("a +s b", 2, "PRE/10"),
        ("CO(apple)", 0, "name:apple"),
        ("a plural(officer)", 2, "space before the parenthesis"),
        ("filed>2020", 0, "filed:>=2020"),
        ("date<=2020", 0, "filed:>=2020"),
        ("form :8-K", 5, "form:8-K"),
        ("'chief financial officer'", 0, "double quotes"),
        ("a \u2018chief officer\u2019", 2, "double quotes"),
        ("form-type:8-K", 0, "form:?"),
        ("filing-date:2020", 0, "filed:?"),
        ("filedAt:2020", 0, "filed:?"),
        ("formType:8-K", 0, "form:?"),
        ("company:apple", 0, "name:?"),
        ("document_type:EX-10", 0, "type:?"),
        ("text:resigned", 0, "words without a field"),
        ("+a b", 0, "required"),
        ("a^2", 0, "boosts"),
        ("/re.x/", 0, "regular expressions"),
        ("a NEAR b", 2, "NEAR/10"),
        ("a /5 b", 2, "NEAR/10"),
        ("a w/s b", 2, "NEAR/10"),
        ("a ADJ/3 b", 2, "NEAR/10"),
        ("a adj5 b", 2, "NEAR/10"),
        ("a NEAR5 b", 2, "NEAR/10"),
        ("a WITHIN/5 b", 2, "NEAR/10"),
        ("a NEAR/3", 8, "complete"),
        ("NEAR/3 a", 0, "nothing precedes"),
        ("a NEAR/3 b NEAR/3 c", 11, "two at a time"),
        ("a NEAR/3 AND b", 9, "complete"),
        ("NOT -a", 4, "once"),
    ],
)
def test_operators_of_other_systems_are_told_ours(text: str, position: int, written: str) -> None:
    """What would be sought as a word, and means something elsewhere, is an error that says what to write here."""
    with pytest.raises(QueryError) as caught:
        read(text)
    assert caught.value.position == position
    assert written in f"{caught.value}"


@pytest.mark.parametrize(
    "text",
    [
        '"a || b"',
        "name:Yahoo!",
        "AT&T",
        "a - b",
        "near",
        "w",
        "and/or",
        "C++",
        "$5+",
        "either/or",
        "date(s) of",
        "10b-5(c)",
        "CO (a)",
        "directors' fees and officers' pay",
        "'90s",
        "'resigned'",
        '"a | b"',
        "a BUT b",
        "10%",
        "10-K: a",
    ],
)
def test_text_that_only_looks_like_an_operator_is_text(text: str) -> None:
    """Quoted text, values of fields and marks inside of words are read."""
    assert list(raw_leaves(read(text)))


@pytest.mark.parametrize("minus", ["-", "\N{MINUS SIGN}"])
def test_a_minus_before_a_word_excludes(minus: str) -> None:
    """It stands for NOT before a word, a phrase, a field and parentheses."""
    for rest in ("b", '"b c"', "form:8-K", "(b OR c)"):
        tree, other = read(f"a {minus}{rest}"), read(f"a NOT {rest}")
        assert isinstance(tree, RawGroup)
        assert isinstance(tree.parts[1], RawNot)
        assert len(list(raw_leaves(tree))) == len(list(raw_leaves(other)))


def test_near_binds_tightest() -> None:
    """NOT, AND and OR take what NEAR has joined."""
    tree = read("NOT a NEAR/5 b OR c pre/2 d")
    assert isinstance(tree, RawGroup)
    first, second = tree.parts
    assert isinstance(first, RawNot)
    assert isinstance(first.part, RawProximity)
    assert isinstance(second, RawProximity)
    assert (first.part.between, first.part.ordered, second.between, second.ordered) == (5, False, 2, True)
