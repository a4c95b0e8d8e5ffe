"""The query language and the filters, as query trees."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import QueryError, UsageError
from indexer.fields import TEXT_FIELDS
from indexer.query.build import MAX_QUERY_CHARS, MAX_SLOP, MAX_TERMS, parse_query
from indexer.query.filters import Filters
from indexer.query.nodes import (
    All,
    AnyOf,
    DateSpan,
    Fuzzy,
    NameWords,
    Near,
    Node,
    Not,
    OneOf,
    Pattern,
    Phrase,
    Proximity,
    Stem,
    Value,
    Word,
    leaves,
)


def anywhere(leaf: Callable[..., Node], *values: object) -> Node:
    """What a leaf without field stands for."""
    return AnyOf(tuple(leaf(field, *values) for field in TEXT_FIELDS))


def phrase(field: str, *words: str) -> Node:
    """Words side by side."""
    return Phrase(field, tuple(Word(field, word) for word in words))


def near(field: str, distance: int, *words: str) -> Node:
    """Words near each other."""
    return Near(field, tuple(Word(field, word) for word in words), distance)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("Resigned", anywhere(Word, "resigned")),
        ("a b", All((anywhere(Word, "a"), anywhere(Word, "b")))),
        ("a AND b", All((anywhere(Word, "a"), anywhere(Word, "b")))),
        ("a OR b", AnyOf((anywhere(Word, "a"), anywhere(Word, "b")))),
        ("NOT a", Not(anywhere(Word, "a"))),
        ("NOT (NOT a)", anywhere(Word, "a")),
        ("a NOT b", All((anywhere(Word, "a"), Not(anywhere(Word, "b"))))),
        ('"Patricia L. Higgins"', anywhere(phrase, "patricia", "l", "higgins")),
        ("“Patricia Higgins”", anywhere(phrase, "patricia", "higgins")),
        ('"near each other"~5', anywhere(near, 5, "near", "each", "other")),
        ('"near each"~1', anywhere(near, 1, "near", "each")),
        ("stem:resigned", anywhere(Stem, "resigned")),
        ("stem:2004", anywhere(Word, "2004")),
        ("Resign*", anywhere(Pattern, "resign*")),
        ("te?t", anywhere(Pattern, "te?t")),
        ("te??t", anywhere(Pattern, "te??t")),
        ("acquistion~1", anywhere(Fuzzy, "acquistion", 1)),
        ("naïve", anywhere(Word, "naive")),
        ("a - b", All((anywhere(Word, "a"), anywhere(Word, "b")))),
    ],
)
def test_text_is_sought_in_body_and_description(text: str, tree: Node) -> None:
    """Every form of the language that names no field looks in body text and description."""
    assert parse_query(text) == tree


@pytest.mark.parametrize("text", ["AT&T", "10-K", "1,234.56", "registrant's"])
def test_a_word_of_several_tokens_is_a_phrase(text: str) -> None:
    """A word that the index holds as several words finds them next to each other, not anywhere."""
    tree = parse_query(text)
    assert isinstance(tree, AnyOf)
    assert all(isinstance(leaf, Phrase) for leaf in tree.parts)


@pytest.mark.parametrize("text", ["10-K*", '"annual rep*"', '"board of direct*"'])
def test_a_pattern_may_stand_in_a_phrase(text: str) -> None:
    """A pattern among several words is looked for in its place, not dropped."""
    tree = parse_query(text)
    assert isinstance(tree, AnyOf)
    assert all(isinstance(leaf, Phrase) and isinstance(leaf.parts[-1], Pattern) for leaf in tree.parts)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("form:8-K", Value("form", "8-k")),
        ("FORM:8-k/A", Value("form", "8-k/a")),
        ("form:8-K*", Pattern("form", "8-k*")),
        ('form:"SC 13D/A"', Value("form", "sc 13d/a")),
        ('form:"SC 13*"', Pattern("form", "sc 13*")),
        ("form:(8-K OR 10-K)", AnyOf((Value("form", "8-k"), Value("form", "10-k")))),
        ("item:5.02", Value("item", "5.02")),
        ("item:5.*", Pattern("item", "5.*")),
        ("type:EX-99.?", Pattern("type", "ex-99.?")),
        ("cik:0001056386", Value("cik", "1056386")),
        ("cik:1056386", Value("cik", "1056386")),
        ("accession:000119312504218426", Value("accession", "0001193125-04-218426")),
        ("accession:0001193125-04-*", Pattern("accession", "0001193125-04-*")),
        ("file:000-27265", Value("file", "000-27265")),
        ("state:DE", Value("state", "de")),
        ("sic:7373", Value("sic", "7373")),
        ("sic:0100", Value("sic", "100")),
        ("sic:0000", Value("sic", "0")),
        ("description:press", Word("description", "press")),
        ('name:"Internap Network"', NameWords(("internap", "network"))),
        ("name:AT&T", NameWords(("at", "t"))),
        ("name:McDonald's", NameWords(("mcdonalds",))),
        ('name:"Procter and Gamble Company"', NameWords(("procter", "gamble", "co"))),
        ('name:"The Home Dep*"', NameWords(("home", "dep*"))),
        ("name:the", NameWords(("the",))),
        ("name:McDonld's~1", Fuzzy("name", "mcdonlds", 1)),
        ("name:trust~1", Fuzzy("name", "trust", 1)),
        ("name:inter*", NameWords(("inter*",))),
        *(
            (text, AnyOf((anywhere(Word, word), NameWords((word,), "series"))))
            for text, word in (("VFIAX", "vfiax"), ("S000002839", "s000002839"), ("C000007773", "c000007773"))
        ),
        ("vfiax", anywhere(Word, "vfiax")),
        ("filed:2004", DateSpan("filed", date(2004, 1, 1), date(2004, 12, 31))),
        ("filed:2004-02", DateSpan("filed", date(2004, 2, 1), date(2004, 2, 29))),
        ("filed:20041222", DateSpan("filed", date(2004, 12, 22), date(2004, 12, 22))),
        ("period:[2004-01-01 TO 2004-12-31]", DateSpan("period", date(2004, 1, 1), date(2004, 12, 31))),
        ("filed:{2004 TO 2006}", DateSpan("filed", date(2005, 1, 1), date(2005, 12, 31))),
        ("filed:2015-2021", DateSpan("filed", date(2015, 1, 1), date(2021, 12, 31))),
        ("filed:2015-06..2016", DateSpan("filed", date(2015, 6, 1), date(2016, 12, 31))),
        ("filed:>=2015", DateSpan("filed", date(2015, 1, 1), date(9999, 12, 31))),
        ("filed:>2015", DateSpan("filed", date(2016, 1, 1), date(9999, 12, 31))),
        ("filed:<2015-03", DateSpan("filed", date(1, 1, 1), date(2015, 2, 28))),
        ("filed:<=2015-02", DateSpan("filed", date(1, 1, 1), date(2015, 2, 28))),
        ("type:EX-10", AnyOf((Value("type", "ex-10"), Pattern("type", "ex-10.*")))),
        ("type:10-K", Value("type", "10-k")),
        ("0001193125-04-218426", Value("accession", "0001193125-04-218426")),
        ("000119312504218426", Value("accession", "0001193125-04-218426")),
        ("0001193125-04-218426.txt", Value("accession", "0001193125-04-218426")),
        (
            "https://www.sec.gov/Archives/edgar/data/1056386/000119312504218426/d8k.htm",
            Value("accession", "0001193125-04-218426"),
        ),
        (
            "www.sec.gov/Archives/edgar/data/1056386/000119312504218426/0001193125-04-218426-index.htm",
            Value("accession", "0001193125-04-218426"),
        ),
        ("filed:[2004 TO]", DateSpan("filed", date(2004, 1, 1), date(9999, 12, 31))),
        ("filed:[TO 2004]", DateSpan("filed", date(1, 1, 1), date(2004, 12, 31))),
    ],
)
def test_a_field_reads_its_values_by_its_own_rules(text: str, tree: Node) -> None:
    """Each field takes EDGAR's spelling: forms exactly, CIKs with or without zeros, dates, names by words."""
    assert parse_query(text) == tree


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("cik:abc", 4),
        ("x cik:abc", 6),
        ("filed:yesterday", 6),
        ("filed:2021-2015", 6),
        ("https://www.sec.gov/edgar/search/", 0),
        ("a NEAR/51 b", 2),
        ("a NEAR/5 form:8-K", 14),
        ("a NEAR/5 (b AND c)", 2),
        ("a NEAR/5 (NOT b)", 2),
        ("filed:2004-13", 6),
        ("filed:[x TO 2004]", 6),
        ("filed:[2004* TO 2005]", 6),
        ("form:[a TO b]", 5),
        ("*tion", 0),
        ("*", 0),
        ("ab*b*c*d*", 0),
        ("a*", 0),
        ("x a*b", 2),
        ('x "board * directors"', 2),
        ("board/?/directors", 0),
        ('("a ** b" OR c) NEAR/2 d', 1),
        ("10-K~1", 0),
        ("form:8-K~1", 5),
        ('name:""', 5),
        ("accession:12", 10),
    ],
)
def test_a_value_that_cannot_be_is_an_error_at_its_place(text: str, position: int) -> None:
    """A value that its field cannot have is refused, and the error says where it stands."""
    with pytest.raises(QueryError) as caught:
        parse_query(text)
    assert caught.value.position == position


@pytest.mark.parametrize("text", ['"* board of"', '"board of *"', '"board of ** *"', "board/of/*"])
def test_any_word_before_or_after_a_phrase_changes_nothing(text: str) -> None:
    """A ``*`` by itself is an error where it would change what is found: between words."""
    assert parse_query(text) == parse_query('"board of"')


@pytest.mark.parametrize("text", ["", "  ", "-", "& ...", '""', "(-)"])
def test_a_query_without_words_is_refused(text: str) -> None:
    """Punctuation alone is no query; it does not silently find everything."""
    with pytest.raises(QueryError):
        parse_query(text)


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("x" * (MAX_QUERY_CHARS + 1), MAX_QUERY_CHARS),
        ("x " * (MAX_TERMS + 1), MAX_TERMS),
        (f'"a b"~{MAX_SLOP + 1}', MAX_SLOP),
    ],
)
def test_a_query_beyond_a_bound_is_refused_with_the_bound(text: str, bound: int) -> None:
    """Whoever asks too much is told how much is allowed."""
    with pytest.raises(QueryError, match=str(bound)):
        parse_query(text)


_PIECES = [
    "a",
    "AND",
    "OR",
    "NOT",
    "(",
    ")",
    '"',
    "*",
    "?",
    "~1",
    "~",
    "[",
    "]",
    " TO ",
    "form:",
    "filed:",
    "cik:",
    " ",
    "é",
    "{",
    "^2",
]


@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(_PIECES), max_size=12).map("".join)))
def test_any_text_gives_a_tree_or_a_query_error(text: str) -> None:
    """No text whatever makes the parser fail in another way, and an error's position lies in the text."""
    try:
        assert list(leaves(parse_query(text)))
    except QueryError as error:
        assert error.position is None or 0 <= error.position <= len(text)  # noqa: PT017


def test_values_of_one_filter_are_alternatives_and_filters_must_all_hold() -> None:
    """Two forms mean either; a form and a CIK mean both."""
    tree = Filters(form=["8-K", "8-K/A"], cik=["0001056386"], since=date(2004, 1, 1)).tree()
    assert tree == All(
        (
            Value("cik", "1056386"),
            AnyOf((Value("form", "8-k"), Value("form", "8-k/a"))),
            DateSpan("filed", date(2004, 1, 1), date(9999, 12, 31)),
        )
    )


def test_stemming_is_for_whole_words_of_text_only() -> None:
    """Asked to stem, the language does so in words, phrases and near words, and not in fields, patterns or numbers."""
    assert parse_query("resigned", stem=True) == parse_query("stem:resigned")
    sought = (Stem("text", "resigned"), Word("text", "2004"), Pattern("text", "dir*"))
    assert next(leaves(parse_query('"resigned 2004 dir*"', stem=True))) == Phrase("text", sought)
    assert parse_query("item:5.02 name:holdings resig*", stem=True) == parse_query("item:5.02 name:holdings resig*")
    assert Stem("text", "resigned") == Stem("text", "resignation") != Stem("text", "resident")


def test_no_filters_are_no_tree() -> None:
    """Without filters nothing is left out."""
    assert Filters().tree() is None


@pytest.mark.parametrize(
    "filters", [Filters(cik=["x"]), Filters(name=["&"]), Filters(form=[" "]), Filters(cik=[]), Filters(form=())]
)
def test_a_filter_without_meaning_is_refused(filters: Filters) -> None:
    """A filter that cannot select anything is an error: an empty list is neither nothing nor everything."""
    with pytest.raises(UsageError):
        filters.tree()


def test_near_takes_words_phrases_and_alternatives() -> None:
    """Single words of one side are one alternative, phrases one each, in text and in description."""
    tree = parse_query('(resigned OR retir* OR "stepped down") NEAR/5 "chief officer"')
    words = OneOf((Word("text", "resigned"), Pattern("text", "retir*")))
    officer = Phrase("text", (Word("text", "chief"), Word("text", "officer")))
    down = Phrase("text", (Word("text", "stepped"), Word("text", "down")))
    assert isinstance(tree, AnyOf)
    assert tree.parts[0] == AnyOf(
        (Proximity("text", words, officer, 5, ordered=False), Proximity("text", down, officer, 5, ordered=False))
    )
    assert parse_query("description:(a PRE/2 b)") == Proximity(
        "description", Word("description", "a"), Word("description", "b"), 2, ordered=True
    )
    assert parse_query("a w/3 b", stem=True) == parse_query("stem:a NEAR/3 stem:b")
