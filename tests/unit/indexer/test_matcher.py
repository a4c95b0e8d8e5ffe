"""One filing and its questions; tests/conformance holds the answers to those of the engines."""

from __future__ import annotations

import pytest

from indexer.matcher import FilingMatcher, Question
from indexer.query import bounds
from indexer.query.build import parse_query
from indexer.query.filters import Filters
from tests.unit.index_entries import entry


@pytest.fixture(scope="module")
def filing() -> FilingMatcher:
    """A filing of two documents, the second with many words."""
    long = " ".join(f"w{number} x{number} w{number}" for number in range(40))
    return FilingMatcher(
        [
            entry(1, "the board resigned", names=("ACME INC", "ZEBRA CORP")),
            entry(1, long, type="EX-10", position=1, sequence=2),
        ]
    )


@pytest.mark.parametrize(
    ("query", "filters", "found"),
    [
        ("resign*", Filters(), (0,)),
        ('"board resigned"', Filters(), (0,)),
        ("NOT board", Filters(), (1,)),
        ("form:8-K", Filters(), (0, 1)),
        ('name:"acme zebra"', Filters(), ()),
        (None, Filters(type=["EX-10"]), (1,)),
        (None, Filters(), (0, 1)),
        ("board w1", Filters(), ()),
    ],
)
def test_a_question_finds_documents(
    filing: FilingMatcher, query: str | None, filters: Filters, found: tuple[int, ...]
) -> None:
    """Words, phrases, negations, facts, names apart, filters alone, and nothing asked at all."""
    tree = None if query is None else parse_query(query)
    assert filing.find(Question(tree, filters.tree())) == found


def test_words_of_a_filing_may_stand_in_different_documents(filing: FilingMatcher) -> None:
    """Where a filing is asked as one text, its documents with any part of the query are found."""
    assert filing.find(Question(parse_query("board w1"), unit="filing")) == (0, 1)
    assert filing.find(Question(parse_query("board absent"), unit="filing")) == ()


def test_places_are_the_same_however_many_words_were_asked_for(filing: FilingMatcher) -> None:
    """Few words are sought one by one, many noted at once: each phrase is found, and nothing that is none."""
    for number in (*range(40), *range(40)):
        assert filing.find(Question(parse_query(f'"w{number} x{number} w{number}"'))) == (1,)
        assert filing.find(Question(parse_query(f'"x{number} x{number}"'))) == ()


def test_no_pattern_is_too_wide_for_one_filing(filing: FilingMatcher, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound on what a pattern stands for is one of an index."""
    monkeypatch.setattr(bounds, "MAX_EXPANSIONS", 1)
    assert filing.find(Question(parse_query("w1*"))) == (1,)
