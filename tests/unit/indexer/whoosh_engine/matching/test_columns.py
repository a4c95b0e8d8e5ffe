"""What numpy finds is what `evaluate` finds, to the last bit, so that no page depends on the size of an index."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from whoosh.query import And, NullQuery, Or, Query, Term

from indexer.query.bounds import Deadline
from indexer.query.build import parse_query
from indexer.whoosh_engine.matching.columns import score_columns
from indexer.whoosh_engine.matching.evaluating import evaluate
from indexer.whoosh_engine.matching.prepare import everything, prepare
from indexer.whoosh_engine.matching.searching import EntrySearcher
from indexer.whoosh_engine.matching.sets import DocumentSet
from tests.unit.indexer.whoosh_engine.matching.segments import three_segments

_SOME = DocumentSet(lambda _: range(3, 90, 2), score=0.0)
_OTHERS = DocumentSet(lambda _: range(10, 80), score=1.0)
_A, _W7, _ACME, _FORM = Term("text", "a"), Term("text", "w7"), Term("name", "acme"), Term("form", "8-k")

OF_WORDS = (
    _A,
    _W7,
    _FORM,
    Term("text", "absent"),
    Or([_A, _W7, _ACME]),
    Or([_A, Or([_W7, Term("text", "w8"), _ACME]), _FORM]),
    And([_A, _SOME]),
    And([_OTHERS, Or([_A, _W7]), _SOME]),
    And([_A, everything()]),
)


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EntrySearcher]:
    """A searcher of three segments, with documents deleted in the first two."""
    with three_segments(tmp_path_factory.mktemp("index"), deleted=range(0, 200, 17)) as searcher:
        yield searcher


@pytest.mark.parametrize("tree", OF_WORDS)
def test_documents_and_scores_are_equal(searcher: EntrySearcher, tree: Query) -> None:
    """In every segment, with or without deleted documents."""
    for leaf, _ in searcher.leaf_searchers():
        expected = dict(evaluate(tree, leaf))
        found = score_columns(tree, leaf)
        assert found is not None
        assert (len(found), dict(found)) == (len(expected), expected)
        assert list(found) == sorted(expected)
        assert 100 not in found
        assert found.distinct([number // 10 for number in range(100)]) == len({number // 10 for number in expected})


@pytest.mark.parametrize("count", [1, 2, 10, 40])
def test_the_foremost_include_all_that_equal_the_last(searcher: EntrySearcher, count: int) -> None:
    """So that the order by date decides between equal scores."""
    for leaf, _ in searcher.leaf_searchers():
        found = score_columns(Or([_A, _W7]), leaf)
        assert found is not None
        least = sorted(found.values(), reverse=True)[count - 1]
        assert found.foremost(count) == [document for document, score in found.items() if score >= least]


@pytest.mark.parametrize("text", ['"a b"', "a w1", "w1*", '"a b"~3'])
def test_other_trees_are_left_to_evaluate(searcher: EntrySearcher, text: str) -> None:
    """Phrases, several words, patterns; and nothing at all."""
    leaf, _ = searcher.leaf_searchers()[0]
    assert score_columns(prepare(parse_query(text), searcher.reader(), Deadline()), leaf) is None
    assert score_columns(NullQuery, leaf) is None
    assert score_columns(And([_A, DocumentSet(lambda _: (), score=0.0)]), leaf) is None
