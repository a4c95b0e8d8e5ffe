"""Counting hits by value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from tantivy import Occur, Query, Schema, Searcher

from indexer.engine import FacetCount, ranked
from indexer.fields import Facet
from indexer.query.bounds import Deadline
from indexer.tantivy_engine.fields import COLUMNS
from indexer.tantivy_engine.searching import Selected, best_addresses, values
from indexer.tantivy_engine.siblings import BY_GROUP, MAX_BUCKETS, aggregate, last_group, surplus

_GROUPS = 2_000
"""Groups of submissions counted at a time: each has a bucket for every value of its submissions."""


def count_facet(
    searcher: Searcher, selected: Selected, facet: Facet, schema: Schema, deadline: Deadline
) -> tuple[FacetCount, ...]:
    """How many hits have each value of `facet`, most frequent first. Raises `QueryError` after the `deadline`."""
    query = selected.query
    deadline.check()
    if selected.is_hit or not last_group(searcher):
        return ranked(facet, _documents(searcher, query, facet, deadline))
    if facet not in COLUMNS:
        return ranked(facet, _of_best_documents(searcher, selected, facet, schema, deadline))
    counts = Counter(_documents(searcher, query, facet, deadline))
    request = {"values": {"terms": {"field": facet, "size": MAX_BUCKETS}, "aggs": BY_GROUP}}
    for answer in aggregate(searcher, query, schema, request, groups=_GROUPS, deadline=deadline):
        for bucket in answer["values"]["buckets"]:
            counts[bucket["key"]] -= surplus(bucket["groups"]["buckets"])
    return ranked(facet, counts)


def _documents(searcher: Searcher, query: Query, facet: Facet, deadline: Deadline) -> Mapping[str, int]:
    """How many documents of `query` have each value."""
    found = searcher.terms_with_prefix(facet, "", query)
    return {term: count for term, count in deadline.watch(found) if count}


def _of_best_documents(
    searcher: Searcher, selected: Selected, facet: Facet, schema: Schema, deadline: Deadline
) -> Mapping[str, int]:
    """How many submissions have each value in their best document; single documents need no ranking."""
    query, several = selected.query, Query.exists_query("siblings")
    alone = Query.boolean_query([(Occur.Must, query), (Occur.MustNot, several)])
    counts = Counter(_documents(searcher, alone, facet, deadline))
    together = Query.boolean_query([(Occur.Must, query), (Occur.Must, Query.const_score_query(several, 0.0))])
    best = best_addresses(searcher, replace(selected, query=together), deadline)
    ids = map("{}:{}".format, values(searcher, "number", best), values(searcher, "position", best))
    counts.update(_documents(searcher, Query.term_set_query(schema, "id", list(ids)), facet, deadline))
    return counts
