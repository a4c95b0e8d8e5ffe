"""What a search has matched is not matched again for its facets, and never outlives the documents it was found in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from whoosh.query import Query

from indexer.fields import FACETS
from indexer.query.bounds import Deadline
from indexer.query.build import parse_query
from indexer.query.nodes import Node
from indexer.whoosh_engine.engine import WhooshEngine
from indexer.whoosh_engine.matching import matches
from indexer.whoosh_engine.matching.matches import Found, FoundBySegment, Matches, RecentMatches
from indexer.whoosh_engine.matching.prepare import prepare
from indexer.whoosh_engine.matching.searching import EntrySearcher, collect, count_facet
from tests.unit.index_entries import accession, add_all, entry, fill_alike

_TREES: tuple[Node, ...] = tuple(
    parse_query(text) for text in ("zebra", "zebra OR alpha", "alp*", '"zebra alpha"', "zebra -beta")
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of several segments, whose submissions have up to three documents."""
    path = tmp_path_factory.mktemp("index")
    engine = WhooshEngine.create(path)
    fill_alike(engine, 20, [1, 2, 3])
    engine.close()
    return path


@pytest.fixture
def searcher(folder: Path) -> Iterator[EntrySearcher]:
    """A searcher of that index."""
    engine = WhooshEngine.open(folder)
    with engine._searcher() as opened:
        yield opened
    engine.close()


@pytest.mark.parametrize("large_from", [0, 50_000])
@pytest.mark.parametrize("limit", [None, 3])
def test_what_was_found_needs_no_tree(
    searcher: EntrySearcher, limit: int | None, large_from: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Totals, and every facet, from kept matches are those of the tree, which is not even prepared again."""
    monkeypatch.setattr(matches, "_LARGE_INDEX_DOCUMENTS", large_from)
    deadline = Deadline()

    def unprepared() -> Query:
        raise AssertionError("the tree is prepared again")

    for tree in _TREES:
        asked = Matches(lambda tree=tree: prepare(tree, searcher.reader(), deadline))  # type: ignore[misc]
        options = {
            "scored": True,
            "sort": "relevance",
            "offset": 0,
            "documents": False,
            "deadline": deadline,
            "read": str,
        }
        whole = collect(searcher, asked, limit=limit, **options)  # type: ignore[arg-type]
        kept = Matches(unprepared, asked.found)
        assert collect(searcher, kept, limit=0, **options).total == whole.total  # type: ignore[arg-type]
        for facet in FACETS:
            for documents in (False, True):
                fresh = Matches(lambda tree=tree: prepare(tree, searcher.reader(), deadline))  # type: ignore[misc]
                assert count_facet(searcher, kept, facet, documents=documents, deadline=deadline) == count_facet(
                    searcher, fresh, facet, documents=documents, deadline=deadline
                )


def test_facets_follow_every_commit(tmp_path: Path) -> None:
    """The same search, asked again after additions and deletions, counts the documents of now."""
    engine = WhooshEngine.create(tmp_path)
    tree = parse_query("zebra")
    for number in range(6):
        add_all(engine, [entry(number, "zebra", form="8-K" if number % 2 else "10-K")])
        engine.commit()
        assert engine.search(tree).total == number + 1
        counts = {one.value: one.count for one in engine.facet(tree, "form")}
        assert counts == {form: of for form, of in {"10-K": number // 2 + 1, "8-K": (number + 1) // 2}.items() if of}
    for number in range(5):
        engine.delete(accession(number))
        engine.commit()
        assert engine.search(tree).total == 5 - number
        assert sum(one.count for one in engine.facet(tree, "form")) == 5 - number
    engine.close()


def test_what_was_asked_for_longest_ago_is_forgotten() -> None:
    """The documents kept are bounded; more than that of one search are never kept."""

    def found(count: int) -> FoundBySegment:
        return {0: Found(range(count), None)}

    recent = RecentMatches(max_kept=100)
    recent.keep("a", found(40))
    recent.keep("b", found(40))
    recent.keep("too many", found(100))
    assert recent.get("too many") is None
    assert recent.get("a") is not None
    recent.keep("c", found(40))
    assert recent.get("b") is None
    assert recent.get("a") is not None
    assert recent.get("c") is not None
    recent.keep("a", found(10))
    recent.keep("d", found(40))
    assert all(recent.get(name) is not None for name in "acd")
