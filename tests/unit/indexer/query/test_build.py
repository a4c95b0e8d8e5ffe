"""The query language and the filters, as query trees."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whoosh.query import And, FuzzyTerm, Not, Or, Phrase, Prefix, Query, Sequence, Term, Wildcard

from archiver.errors import QueryError, UsageError
from indexer.query.build import MAX_QUERY_CHARS, MAX_SLOP, MAX_TERMS, Filters, parse_query
from indexer.query.nodes import DateSpan, NameWords, Near, Stem


def anywhere(leaf: type[Query], value: object, **options: object) -> Query:
    """What a leaf without field stands for."""
    return Or([leaf("text", value, **options), leaf("description", value, **options)])


def near(*words: str, distance: int) -> Query:
    """What words near each other stand for."""
    return Or(
        [
            Near(field, tuple(Term(field, word) for word in words), distance=distance)
            for field in ("text", "description")
        ]
    )


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("Resigned", anywhere(Term, "resigned")),
        ("a b", And([anywhere(Term, "a"), anywhere(Term, "b")])),
        ("a AND b", And([anywhere(Term, "a"), anywhere(Term, "b")])),
        ("a OR b", Or([anywhere(Term, "a"), anywhere(Term, "b")])),
        ("NOT a", Not(anywhere(Term, "a"))),
        ("NOT (NOT a)", anywhere(Term, "a")),
        ("a NOT b", And([anywhere(Term, "a"), Not(anywhere(Term, "b"))])),
        ('"Patricia L. Higgins"', anywhere(Phrase, ["patricia", "l", "higgins"])),
        ("“Patricia Higgins”", anywhere(Phrase, ["patricia", "higgins"])),
        ('"near each other"~5', near("near", "each", "other", distance=5)),
        ('"near each"~1', near("near", "each", distance=1)),
        ("stem:resigned", anywhere(Stem, "resigned")),
        ("stem:2004", anywhere(Term, "2004")),
        ("Resign*", anywhere(Prefix, "resign")),
        ("te?t", anywhere(Wildcard, "te?t")),
        ("te??t", anywhere(Wildcard, "te??t")),
        ("acquistion~1", anywhere(FuzzyTerm, "acquistion", maxdist=1, prefixlength=1)),
        ("naïve", anywhere(Term, "naive")),
        ("a - b", And([anywhere(Term, "a"), anywhere(Term, "b")])),
    ],
)
def test_text_is_sought_in_body_and_description(text: str, tree: Query) -> None:
    """Every form of the language that names no field looks in body text and description."""
    assert parse_query(text) == tree


@pytest.mark.parametrize("text", ["AT&T", "10-K", "1,234.56", "registrant's"])
def test_a_word_of_several_tokens_is_a_phrase(text: str) -> None:
    """A word that the index holds as several words finds them next to each other, not anywhere."""
    tree = parse_query(text)
    assert isinstance(tree, Or)
    assert all(isinstance(leaf, Phrase) and leaf.slop == 1 for leaf in tree.subqueries)


@pytest.mark.parametrize("text", ["10-K*", '"annual rep*"', '"board of direct*"'])
def test_a_pattern_may_stand_in_a_phrase(text: str) -> None:
    """A pattern among several words is looked for in its place, not dropped."""
    tree = parse_query(text)
    assert isinstance(tree, Or)
    assert all(isinstance(leaf, Sequence) and isinstance(leaf.subqueries[-1], Prefix) for leaf in tree.subqueries)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("form:8-K", Term("form", "8-k")),
        ("FORM:8-k/A", Term("form", "8-k/a")),
        ("form:8-K*", Prefix("form", "8-k")),
        ('form:"SC 13D/A"', Term("form", "sc 13d/a")),
        ('form:"SC 13*"', Prefix("form", "sc 13")),
        ("form:(8-K OR 10-K)", Or([Term("form", "8-k"), Term("form", "10-k")])),
        ("item:5.02", Term("item", "5.02")),
        ("item:5.*", Prefix("item", "5.")),
        ("type:EX-99.?", Wildcard("type", "ex-99.?")),
        ("cik:0001056386", Term("cik", "1056386")),
        ("cik:1056386", Term("cik", "1056386")),
        ("accession:000119312504218426", Term("accession", "0001193125-04-218426")),
        ("accession:0001193125-04-*", Prefix("accession", "0001193125-04-")),
        ("file:000-27265", Term("file", "000-27265")),
        ("state:DE", Term("state", "de")),
        ("sic:7373", Term("sic", "7373")),
        ("description:press", Term("description", "press")),
        ('name:"Internap Network"', NameWords(("internap", "network"))),
        ("name:AT&T", NameWords(("at", "t"))),
        ("name:inter*", NameWords(("inter*",))),
        ("filed:2004", DateSpan("filed", date(2004, 1, 1), date(2004, 12, 31))),
        ("filed:2004-02", DateSpan("filed", date(2004, 2, 1), date(2004, 2, 29))),
        ("filed:20041222", DateSpan("filed", date(2004, 12, 22), date(2004, 12, 22))),
        ("period:[2004-01-01 TO 2004-12-31]", DateSpan("period", date(2004, 1, 1), date(2004, 12, 31))),
        ("filed:{2004 TO 2006}", DateSpan("filed", date(2005, 1, 1), date(2005, 12, 31))),
        ("filed:[2004 TO]", DateSpan("filed", date(2004, 1, 1), date(9999, 12, 31))),
        ("filed:[TO 2004]", DateSpan("filed", date(1, 1, 1), date(2004, 12, 31))),
    ],
)
def test_a_field_reads_its_values_by_its_own_rules(text: str, tree: Query) -> None:
    """Each field takes EDGAR's spelling: forms exactly, CIKs with or without zeros, dates, names by words."""
    assert parse_query(text) == tree


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("cik:abc", 4),
        ("x cik:abc", 6),
        ("filed:yesterday", 6),
        ("filed:2004-13", 6),
        ("filed:[x TO 2004]", 6),
        ("form:[a TO b]", 5),
        ("*tion", 0),
        ("*", 0),
        ("ab*b*c*d*", 0),
        ("a*", 0),
        ("x a*b", 2),
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
        assert isinstance(parse_query(text), Query)
    except QueryError as error:
        assert error.position is None or 0 <= error.position <= len(text)  # noqa: PT017


def test_values_of_one_filter_are_alternatives_and_filters_must_all_hold() -> None:
    """Two forms mean either; a form and a CIK mean both."""
    tree = Filters(form=["8-K", "8-K/A"], cik=["0001056386"], since=date(2004, 1, 1)).tree()
    assert tree == And(
        [
            Term("cik", "1056386"),
            Or([Term("form", "8-k"), Term("form", "8-k/a")]),
            DateSpan("filed", date(2004, 1, 1), date(9999, 12, 31)),
        ]
    )


def test_stemming_is_for_whole_words_of_text_only() -> None:
    """Asked to stem, the language does so in words, phrases and near words, and not in fields, patterns or numbers."""
    assert parse_query("resigned", stem=True) == parse_query("stem:resigned")
    phrase = parse_query('"resigned 2004 dir*"', stem=True)
    assert phrase.subqueries[0].subqueries == [Stem("text", "resigned"), Term("text", "2004"), Prefix("text", "dir")]
    assert parse_query("item:5.02 name:holdings resig*", stem=True) == parse_query("item:5.02 name:holdings resig*")
    assert Stem("text", "resigned") == Stem("text", "resignation") != Stem("text", "resident")


def test_no_filters_are_no_tree() -> None:
    """Without filters nothing is left out."""
    assert Filters().tree() is None


@pytest.mark.parametrize("filters", [Filters(cik=["x"]), Filters(name=["&"]), Filters(form=[" "])])
def test_a_filter_without_meaning_is_refused(filters: Filters) -> None:
    """A filter value that cannot select anything is an error, not an empty result."""
    with pytest.raises(UsageError):
        filters.tree()
