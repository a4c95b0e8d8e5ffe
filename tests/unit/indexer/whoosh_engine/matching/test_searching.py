"""Pages are cut from one whole order, whatever is left out before it is looked at, and counts are exact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from indexer.engine import Sort
from indexer.query.build import parse_query
from indexer.query.filters import Filters
from indexer.whoosh_engine.engine import WhooshEngine
from indexer.whoosh_engine.matching import matches
from tests.unit.index_entries import add_all, counted_by_hand, entry, fill_alike

_QUERIES = ("zebra", "zebra OR alpha", "alp*", '"zebra alpha"', "zebra form:8-K*", "NOT beta", None)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WhooshEngine]:
    """Submissions of one to twelve documents with few different texts, so that most scores are equal."""
    made = WhooshEngine.create(tmp_path_factory.mktemp("index"))
    fill_alike(made, 40, [1, 1, 2, 3, 12])
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.parametrize("documents", [False, True])
@pytest.mark.parametrize(
    ("sort", "large_from"), [("relevance", 0), ("relevance", 50_000), ("newest", 0), ("oldest", 0), ("added", 0)]
)
def test_pages_are_cut_from_one_order(
    engine: WhooshEngine, sort: Sort, large_from: int, monkeypatch: pytest.MonkeyPatch, *, documents: bool
) -> None:
    """A page has the hits, and the scores, that everything has there; a count needs neither."""
    monkeypatch.setattr(matches, "_LARGE_INDEX_DOCUMENTS", large_from)
    other = WhooshEngine.open(engine._path)  # with matches of its own, so that no page is cut from kept ones
    for query in _QUERIES:
        tree = None if query is None else parse_query(query)
        for filters in (None, Filters(type=["EX-1"]).tree(), Filters(form=["10-K"]).tree()):
            whole = other.search(tree, filters=filters, sort=sort, limit=None, documents=documents)
            assert whole.total == len(whole.hits)
            for limit, offset in ((0, 0), (1, 0), (4, 3), (7, 50), (5, max(0, whole.total - 2))):
                page = engine.search(tree, filters=filters, sort=sort, limit=limit, offset=offset, documents=documents)
                assert (page.total, page.hits) == (whole.total, whole.hits[offset:][:limit])
    other.close()


@pytest.mark.parametrize("sort", ["newest", "oldest", "added"])
def test_segments_of_other_years_are_counted_but_not_ordered(tmp_path: Path, sort: Sort) -> None:
    """In whatever order they are committed; a page may need several of them."""
    engine = WhooshEngine.create(tmp_path)
    for year in (2004, 2006, 2003, 2005):
        entries = []
        for number in range(3):
            day = date(year, 1 + number, 1)
            one = entry(10 * year + number, "zebra" if number else "zebra alpha")
            added = datetime(2030 - year % 10, 1, 1, tzinfo=UTC)
            entries.append(replace(one, filing_date=day, added=added))
        add_all(engine, entries)
        engine.commit()
    for query in ("zebra", "zebra alpha", "zebra OR alpha", None):
        tree = None if query is None else parse_query(query)
        whole = engine.search(tree, sort=sort, limit=None)
        for limit, offset in ((1, 0), (3, 0), (4, 2), (20, 0), (2, 10)):
            page = engine.search(tree, sort=sort, limit=limit, offset=offset)
            assert (page.total, page.hits) == (whole.total, whole.hits[offset:][:limit])
    engine.close()


@pytest.mark.parametrize("facet", ["form", "item", "year", "type"])
def test_facets_count_hits_by_hand(engine: WhooshEngine, facet: str) -> None:
    """Every value is counted once a submission, by the best document for a document's own."""
    for query in _QUERIES:
        tree = None if query is None else parse_query(query)
        counts = {one.value: one.count for one in engine.facet(tree, facet)}
        assert counts == counted_by_hand(engine, tree, facet)
