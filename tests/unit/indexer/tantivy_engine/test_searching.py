"""Pages are cut from one whole order, whatever is fetched for them, and counts are exact."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.engine import Engine, Sort
from indexer.query.build import parse_query
from indexer.query.filters import Filters
from tests.unit.index_entries import accession, add, counted_by_hand, entry, fill_alike

TantivyEngine = pytest.importorskip("indexer.tantivy_engine.engine", exc_type=ImportError).TantivyEngine

_QUERIES = ("zebra", "zebra OR alpha", "alp*", "form:8-K", "zebra form:8-K*", "NOT beta", None)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Submissions of one to forty documents with few different texts, so that most scores are equal."""
    made: Engine = TantivyEngine.create(tmp_path_factory.mktemp("index"))
    fill_alike(made, 60, [1, 1, 2, 3, 5, 40])
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.parametrize("documents", [False, True])
@pytest.mark.parametrize("sort", ["relevance", "newest", "oldest", "added"])
def test_pages_are_cut_from_one_order(
    engine: Engine, sort: Sort, monkeypatch: pytest.MonkeyPatch, *, documents: bool
) -> None:
    """Whatever few documents are fetched at first, a page has the hits, and the scores, that everything has there."""
    monkeypatch.setattr("indexer.tantivy_engine.searching._MORE", 1)
    for query in _QUERIES:
        tree = None if query is None else parse_query(query)
        for filters in (None, Filters(type=["EX-1"]).tree(), Filters(form=["10-K"]).tree()):
            whole = engine.search(tree, filters=filters, sort=sort, limit=None, documents=documents)
            assert whole.total == len(whole.hits)
            for limit, offset in ((1, 0), (4, 3), (10, 0), (7, 90), (5, whole.total - 2)):
                page = engine.search(
                    tree, filters=filters, sort=sort, limit=limit, offset=max(0, offset), documents=documents
                )
                assert (page.total, page.hits) == (whole.total, tuple(whole.hits[max(0, offset) :][:limit]))


@pytest.mark.parametrize("groups", [1, 3, 50_000])
@pytest.mark.parametrize("facet", ["form", "item", "year", "type"])
def test_facets_count_hits_by_hand(engine: Engine, facet: str, groups: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every value is counted once a submission, by the best document for a document's own, however it is cut up."""
    monkeypatch.setattr("indexer.tantivy_engine.facets._GROUPS", groups)
    for query in _QUERIES:
        tree = None if query is None else parse_query(query)
        counts = {one.value: one.count for one in engine.facet(tree, facet)}
        assert counts == counted_by_hand(engine, tree, facet)


def test_a_total_is_counted_again_after_a_commit(tmp_path: Path) -> None:
    """A total is remembered for the next page, and never longer than the commit that it was counted in."""
    engine: Engine = TantivyEngine.create(tmp_path)
    for number in (1, 2, 3):
        add(engine, accession(number), [entry(number, "zebra"), entry(number, "zebra zebra", position=1)])
        engine.commit()
        assert engine.search(parse_query("zebra"), limit=1).total == number
        assert engine.search(parse_query("zebra"), limit=1, offset=1).total == number
    engine.close()


def test_a_submission_without_its_first_document_is_found_by_its_facts(tmp_path: Path) -> None:
    """Where the first document is not indexed, as XBRL is not, filters and facets still find the submission once."""
    engine: Engine = TantivyEngine.create(tmp_path)
    add(engine, accession(1), [entry(1, "zebra", position=1), entry(1, "alpha", position=2)])
    engine.commit()
    found = engine.search(None, filters=Filters(form=["8-K"]).tree())
    assert (found.total, len(found.hits)) == (1, 1)
    assert [one.count for one in engine.facet(None, "form")] == [1]
    engine.close()
