from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from whoosh.query import And, Or, Query, Term
from whoosh.query import Phrase as StockPhrase

from indexer.query.bounds import Deadline
from indexer.query.build import parse_query
from indexer.query.nodes import All, AnyOf, Node, Phrase, Value, Word
from indexer.whoosh_engine.engine import WhooshEngine
from indexer.whoosh_engine.matching.evaluating import evaluate
from indexer.whoosh_engine.matching.prepare import prepare
from indexer.whoosh_engine.matching.searching import EntrySearcher
from indexer.whoosh_engine.matching.sets import DocumentSet
from tests.unit.indexer.whoosh_engine.matching.segments import three_segments
from tests.unit.indexer.whoosh_engine.storage.test_segments import entries

TREES: tuple[Node, ...] = (
    Word("text", "a"),
    Word("text", "w7"),
    Word("text", "once7"),
    Word("text", "absent"),
    Value("form", "8-k"),
    All((Word("text", "a"), Word("text", "b"), Word("text", "w1"))),
    All((Word("text", "a"), Word("text", "absent"))),
    AnyOf((Word("text", "w7"), Word("text", "w8"), Word("name", "acme"))),
    All((AnyOf((Word("text", "w7"), Word("text", "w8"))), Phrase("text", (Word("text", "b"), Word("text", "c"))))),
    Phrase("text", (Word("text", "a"), Word("text", "b"))),
    Phrase("text", (Word("text", "b"), Word("text", "a"), Word("text", "c"))),
    Phrase("text", (Word("text", "a"), Word("text", "absent"))),
    Phrase("name", (Word("name", "other"), Word("name", "inc"))),
    All((parse_query('"a b c"').parts[0], Word("text", "w1"), Value("cik", "320"))),  # type: ignore[union-attr]
)


def stock(tree: Node) -> Query:
    """`tree` as stock Whoosh has it."""
    match tree:
        case All(parts):
            return And([stock(part) for part in parts])
        case AnyOf(parts):
            return Or([stock(part) for part in parts])
        case Word(field, text) | Value(field, text):
            return Term(field, text)
        case Phrase(field, words):
            return StockPhrase(field, [word.text for word in words])
        case _:
            raise AssertionError(tree)


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EntrySearcher]:
    """A searcher of three segments, with documents deleted in each."""
    with three_segments(tmp_path_factory.mktemp("index"), deleted=range(0, 300, 17)) as searcher:
        yield searcher


@pytest.mark.parametrize("tree", TREES, ids=str)
def test_documents_and_scores_are_those_of_whooshs_matchers(searcher: EntrySearcher, tree: Node) -> None:
    """In each segment exactly the documents that Whoosh's own matcher walks through, with its scores."""
    for leaf, _ in searcher.leaf_searchers():
        matcher = stock(tree).matcher(leaf, leaf.context(needs_current=True))
        expected = {}
        while matcher.is_active():
            expected[matcher.id()] = pytest.approx(matcher.score())
            matcher.next()
        prepared = prepare(tree, searcher.reader(), Deadline())
        assert dict(evaluate(prepared, leaf)) == expected
        some = set(range(0, 100, 3))
        assert dict(evaluate(prepared, leaf, some)) == {
            document: expected[document] for document in expected.keys() & some
        }


def test_one_word_scores_as_whoosh_does_to_the_last_bit(searcher: EntrySearcher) -> None:
    """A word's scores are not merely close to Whoosh's: pages of equal scores cannot fall apart."""
    for leaf, _ in searcher.leaf_searchers():
        matcher = Term("text", "a").matcher(leaf, leaf.context(needs_current=True))
        scores = evaluate(Term("text", "a"), leaf)
        while matcher.is_active():
            assert scores[matcher.id()] == matcher.score()
            matcher.next()


@pytest.mark.parametrize("text", ["a NOT w1", "w1*", '"a w*"~3', "filed:2004-03", "a filed:[2004-02 TO 2004-05]"])
def test_prepared_nodes_keep_to_the_living_and_to_what_is_asked(searcher: EntrySearcher, text: str) -> None:
    """Patterns, dates and complements are cut to the documents that they are looked for among, too."""
    tree = prepare(parse_query(text), searcher.reader(), Deadline())
    for leaf, _ in searcher.leaf_searchers():
        found, some = dict(evaluate(tree, leaf)), set(range(50))
        assert found
        assert dict(evaluate(tree, leaf, some)) == {document: found[document] for document in found.keys() & some}
        assert not any(leaf.reader().is_deleted(document) for document in found)


def test_a_set_of_documents_scores_one_number(searcher: EntrySearcher) -> None:
    """What is found without words has one score for all."""
    leaf, _ = searcher.leaf_searchers()[0]
    tree = DocumentSet(lambda _: [1, 4, 9], score=0.5)
    assert evaluate(tree, leaf) == {1: 0.5, 4: 0.5, 9: 0.5}


@pytest.mark.slow
def test_many_parts_rank_as_one(tmp_path: Path) -> None:
    """An index of many segments gives the same documents, scores and order as an index of one."""
    made = entries()
    engines = []
    for name, size in (("many", 60), ("one", 300)):
        (tmp_path / name).mkdir()
        engine = WhooshEngine.create(tmp_path / name)
        make = engine.part_writer()
        for start in range(0, len(made), size):
            writer = make()
            for one in made[start : start + size]:
                writer.add(one.accession, [one])
            engine.adopt(writer.finish())
        engine.commit()
        engines.append(engine)
    assert [len(engine._index._segments()) for engine in engines] == [5, 1]
    for text in ("a w7", '"a b c"', "w1 OR w2 OR b", "name:acme a", "w1*"):
        of_many, of_one = (engine.search(parse_query(text), limit=300) for engine in engines)
        assert of_many == of_one
        assert of_many.total
    for engine in engines:
        engine.close()
