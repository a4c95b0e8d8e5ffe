"""A filing that is judged by itself is found by just the queries that find it in an index."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable

import pytest

from indexer.engine import Engine, within_unit
from indexer.matcher import FilingMatcher, Question
from indexer.query.build import parse_query
from indexer.query.filters import Filters
from indexer.query.nodes import Node
from tests.conformance import test_filings
from tests.conformance.cases import all_entries
from tests.conformance.test_answers import CASES, DELETED

_SAMPLED = 5
"""test_answers holds all engines to Whoosh, so that of the queries each fifth is enough for the others."""

_Found = set[tuple[str, int | None]]


@pytest.fixture(scope="module")
def matched() -> Callable[..., _Found]:
    """What is found of all entries, each filing by itself."""
    groups = itertools.groupby(all_entries(), key=lambda one: one.accession)
    filings = [(number, list(entries)) for number, entries in groups if number != DELETED]
    matchers = [(entries, FilingMatcher(entries)) for _, entries in filings]

    def find(query: Node | None, filters: Node | None, unit: str) -> _Found:
        question = Question(query, filters, unit=unit)  # type: ignore[arg-type]
        return {
            (entries[place].accession, entries[place].position)
            for entries, matcher in matchers
            for place in matcher.find(question)
        }

    return find


def _in_index(engine: Engine, query: Node | None, filters: Node | None, unit: str) -> _Found:
    asked, selected = within_unit(engine, query, filters, unit)  # type: ignore[arg-type]
    found = engine.search(asked, filters=selected, documents=True, limit=None)
    records = [json.loads(hit.stored) for hit in found.hits]
    return {(record["accession"], record["position"]) for record in records}


@pytest.mark.parametrize("unit", ["document", "filing"])
def test_a_filing_alone_is_found_as_in_whoosh(reference: Engine, matched: Callable[..., _Found], unit: str) -> None:
    """Queries, with every filter, find exactly the documents that they find in an index of all filings."""
    _compare(reference, matched, unit)


@pytest.mark.parametrize("unit", ["document", "filing"])
def test_a_filing_alone_is_found_as_in_every_other_engine(
    other: Engine, matched: Callable[..., _Found], unit: str
) -> None:
    """The same for an engine that translates queries in its own way."""
    if other.name == "opensearch":
        pytest.skip("test_answers holds it to Whoosh; a cluster takes minutes for as many questions")
    _compare(other, matched, unit)


def _compare(engine: Engine, matched: Callable[..., _Found], unit: str) -> None:
    whole = engine.name == "whoosh" and unit == "document"
    words = [(query, Filters()) for query in test_filings.QUERIES]
    for query, filters in (*(CASES if whole else CASES[::_SAMPLED]), *words):
        tree = None if query is None else parse_query(query)
        assert matched(tree, filters.tree(), unit) == _in_index(engine, tree, filters.tree(), unit), (query, filters)
