"""Every engine gives the answers that Whoosh gives: the same hits, totals, facets and orders of dates."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from archiver.errors import QueryError
from indexer.engine import Engine, EngineHit, JoinedEngine, Sort
from indexer.entries import IndexEntry
from indexer.fields import FACETS, Facet
from indexer.query import bounds
from indexer.query.build import parse_query
from indexer.query.filters import Filters
from tests.conformance.cases import FILTERED, FILTERS, QUERIES, all_entries
from tests.thorough import rounds
from tests.unit.index_entries import accession, count

CASES = [(query, Filters()) for query in QUERIES] + [(query, filters) for query in FILTERED for filters in FILTERS]
IDS = [f"{query} {number}" for number, (query, _) in enumerate(CASES)]
ADDED = datetime(2026, 11, 2, 3, 20, tzinfo=UTC)
DELETED = accession(6)
PAGES = ((5, 0), (3, 4), (10, 10_000), (4, 0), (4, 2), (10, 5))
"""Limits and offsets; the cases take turns with them, and with the two orders of dates."""
_known: dict[str, tuple[int, list[dict[str, Any]]]] = {}
both = pytest.mark.parametrize(("query", "filters"), CASES, ids=IDS)
_EACH = rounds(2, thorough=1)
_SECOND = _EACH - 1
dated = pytest.mark.parametrize(("query", "filters"), CASES[::_EACH], ids=IDS[::_EACH])
"""Half of the cases, and with `scripts/test --thorough` all of them; of the other half is `ranked`."""
ranked = pytest.mark.parametrize(("query", "filters"), CASES[_SECOND::_EACH], ids=IDS[_SECOND::_EACH])


def ask(engine: Engine, query: str | None, filters: Filters, **options: Any) -> tuple[int, list[dict[str, Any]]]:
    """The total and the records of the hits; the reference is asked once, and not again for each other engine."""
    key = repr((query, filters, sorted(options.items())))
    if engine.name == "whoosh" and key in _known:
        return _known[key]
    result = engine.search(None if query is None else parse_query(query), filters=filters.tree(), **options)
    answer = result.total, [json.loads(hit.stored) for hit in result.hits]
    if engine.name == "whoosh":
        _known[key] = answer
    return answer


def page_of(query: str | None, filters: Filters) -> tuple[int, int]:
    """The limit and offset of a case."""
    return PAGES[CASES.index((query, filters)) // 2 % len(PAGES)]


def when(record: dict[str, Any]) -> tuple[str, str, str]:
    """What equal scores are ordered by."""
    return record["filing_date"], record["acceptance_datetime"] or "", record["accession"].replace("-", "")


@both
def test_the_same_documents_are_found(reference: Engine, other: Engine, query: str | None, filters: Filters) -> None:
    """Every query finds exactly the documents that Whoosh finds, with all their records, and so many are counted."""
    expected_total, expected = ask(reference, query, filters, documents=True, limit=None)
    total, found = ask(other, query, filters, documents=True, limit=None)
    key = json.dumps
    assert (total, sorted(map(key, found))) == (expected_total, sorted(map(key, expected)))
    assert ask(other, query, filters, documents=True, limit=0) == (expected_total, [])


@dated
def test_the_same_submissions_come_in_the_same_order_of_dates(
    reference: Engine, other: Engine, query: str | None, filters: Filters
) -> None:
    """Sorted by date, every page has the submissions that Whoosh's has."""
    sort: Sort = "newest" if CASES.index((query, filters)) // 2 // len(PAGES) % 2 else "oldest"
    expected_total, records = ask(reference, query, filters, sort=sort, limit=None)
    expected = [one["accession"] for one in records]
    limit, offset = page_of(query, filters)
    for asked, wanted in (({"limit": None}, expected), ({"limit": limit, "offset": offset}, expected[offset:][:limit])):
        total, found = ask(other, query, filters, sort=sort, **asked)
        assert total == expected_total
        assert [one["accession"] for one in found] == wanted


@pytest.mark.parametrize("query", [None, "zebra", "NOT the", "form:8-K", "name:acme zebra"])
@pytest.mark.parametrize("documents", [False, True])
def test_the_last_added_comes_first_everywhere(
    reference: Engine, other: Engine, query: str | None, *, documents: bool
) -> None:
    """Sorted by the time added, every page has what Whoosh's has."""
    for page in ({"limit": None}, {"limit": 5}, {"limit": 3, "offset": 4}, {"limit": 0}):
        expected, found = (
            ask(engine, query, Filters(), sort="added", documents=documents, **page) for engine in (reference, other)
        )
        assert [one["accession"] for one in found[1]] == [one["accession"] for one in expected[1]]
        assert found[0] == expected[0]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(added_since=date(2026, 11, 2)), lambda one: one.added >= datetime(2026, 11, 2, tzinfo=UTC)),
        (Filters(added_since=ADDED), lambda one: one.added >= ADDED),
        (Filters(added_since=3), lambda one: (one.added_run or 0) >= 3),
    ],
    ids=["day", "moment", "run"],
)
def test_what_was_added_since_is_found(
    reference: Engine, filters: Filters, expected: Callable[[IndexEntry], bool]
) -> None:
    """A day, a moment to the second, or a run: what was added then or later, the last first."""
    since = [one for one in all_entries() if one.added and one.accession != DELETED and expected(one)]
    _, found = ask(reference, None, filters, sort="added", limit=None)
    wanted = {(one.added, one.accession) for one in since}
    assert [one["accession"] for one in found] == [number for _, number in sorted(wanted, reverse=True)]
    assert [datetime.fromisoformat(one["added"]) for one in found] == [at for at, _ in sorted(wanted, reverse=True)]


@ranked
def test_a_ranking_is_by_score_and_then_by_date(
    reference: Engine, other: Engine, query: str | None, filters: Filters
) -> None:
    """Hits come by falling score, equal ones newest first; pages cut that one order; without a query nothing scores."""
    tree = None if query is None else parse_query(query)
    whole = other.search(tree, filters=filters.tree(), limit=None)
    assert {json.loads(hit.stored)["accession"] for hit in whole.hits} == {
        record["accession"] for record in ask(reference, query, filters, limit=None)[1]
    }

    def place(hit: EngineHit) -> tuple[float, tuple[str, str, str]]:
        return hit.score or 0.0, when(json.loads(hit.stored))

    assert list(whole.hits) == sorted(whole.hits, key=place, reverse=True)
    assert all((hit.score is None) == (query is None) for hit in whole.hits)
    limit, offset = page_of(query, filters)
    page = other.search(tree, filters=filters.tree(), limit=limit, offset=offset)
    assert (page.total, page.hits) == (whole.total, whole.hits[offset : offset + limit])


@pytest.mark.parametrize("query", ["zebra", "zebra merger", '"board of directors"', "zebra OR resign*", "stem:company"])
def test_the_best_hits_are_those_of_whoosh(reference: Engine, other: Engine, query: str) -> None:
    """Most of the ten best hits are the same, whatever an engine's own rounding of lengths does to their order."""
    if other.name == "opensearch" and query.startswith("stem:"):
        pytest.skip("there a stem scores as one word, not as the sum of its words (docs/opensearch.md)")
    best = [{record["accession"] for record in ask(engine, query, Filters())[1]} for engine in (reference, other)]
    assert len(best[0] & best[1]) >= 7


@pytest.mark.parametrize("documents", [False, True])
@pytest.mark.parametrize("facet", FACETS)
def test_facets_are_the_same(reference: Engine, other: Engine, facet: Facet, *, documents: bool) -> None:
    """Hits are counted by every value exactly as Whoosh counts them."""
    for query in (None, "zebra", "form:8-K", "NOT the", "absent", '"board directors"~5', "type:ex*"):
        tree = None if query is None else parse_query(query)
        for filters in (None, Filters(form=["8-K*", "10-K"]).tree(), Filters(type=["EX*"]).tree()):
            expected, found = (
                JoinedEngine(engine).facet(tree, facet, filters=filters, documents=documents)
                for engine in (reference, other)
            )
            if facet == "type" and not documents:  # which of two documents is the better one is up to the engine
                assert sum(one.count for one in found) <= ask(other, query, Filters(), limit=0)[0]
                continue
            assert found == expected


@pytest.mark.parametrize(
    "query", ["re*", '"the re*"', '"the re*"~5', "stem:directors", "acquistion~2", "form:*", 'name:"a* i*"']
)
def test_what_expands_too_far_is_the_same_error(
    reference: Engine, other: Engine, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pattern that stands for too many words is refused in the same words."""
    if other.name == "opensearch":
        pytest.skip("a cluster does not list its words; it has bounds of its own (docs/opensearch.md)")
    monkeypatch.setattr(bounds, "MAX_EXPANSIONS", 1)
    errors = []
    for engine in (reference, other):
        with pytest.raises(QueryError) as caught:
            engine.search(parse_query(query))
        errors.append(str(caught.value))
    assert errors[0] == errors[1]


def test_what_is_stored_is_the_same(reference: Engine, other: Engine) -> None:
    """Accession number, sha256 and sequence of every entry, and how many there are."""
    assert sorted(other.stored(), key=repr) == sorted(reference.stored(), key=repr)
    assert count(other) == count(reference)
