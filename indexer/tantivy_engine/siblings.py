"""Counting submissions in tantivy without fetching their documents.

tantivy counts documents. Each submission with several documents has its own bit field within a number of 52 bits: its
documents have the number of its group in ``siblings``, and the lowest bit of its field in ``sibling_bit``. The sum of
the bits of a group shows exactly which submissions a query has found, for about twenty at a time. No field can
overflow, as each is wide enough for the submission's number of documents, and a sum below 2**53 is exact in tantivy's
floating point. Submissions with one document have neither field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from tantivy import FieldType, Occur, Query, Schema, Searcher

from indexer.query.bounds import Deadline

_SUM_BITS = 52
_WIDTH_BITS = 6
"""Bits for the width of a group's fields in its number."""

MAX_BUCKETS = 65_000
"""The maximum number of buckets in one of tantivy's aggregations."""

BY_GROUP: dict[str, Any] = {
    "groups": {
        "terms": {"field": "siblings", "size": MAX_BUCKETS},
        "aggs": {"bits": {"sum": {"field": "sibling_bit"}}},
    }
}
"""The aggregation whose buckets `surplus` reads."""

_LIMIT = "limit was exceeded"
"""tantivy's message for an aggregation that would take too much memory."""


def unscored(query: Query) -> Query:
    """The same documents, without a score."""
    return Query.const_score_query(query, 0.0)


def everything() -> Query:
    """All documents, without a score."""
    return unscored(Query.all_query())


def all_of(queries: Iterable[Query]) -> Query:
    """Documents that match all of `queries`; scores are added."""
    return Query.boolean_query([(Occur.Must, query) for query in queries])


def any_of(queries: Iterable[Query]) -> Query:
    """Documents that match any of `queries`; scores are added."""
    return Query.boolean_query([(Occur.Should, query) for query in queries])


class SiblingNumbers:
    """Assigns numbers to the documents of each added submission. `last_group` is the last group in the index."""

    def __init__(self, last_group: int) -> None:
        self._last_group = last_group
        self._open: dict[int, tuple[int, int]] = {}

    def number(self, counts: Iterable[int], rows: Iterable[str]) -> Iterator[str]:
        """`rows` with their numbers: lines of JSON, grouped by submission with the given counts."""
        lines = iter(rows)
        for count in counts:
            if count > 1:
                fields = ',"siblings":{},"sibling_bit":{}}}\n'.format(*self._next(count.bit_length()))
                for line in islice(lines, count):
                    yield line[:-2] + fields
            else:
                yield from islice(lines, count)
        yield from lines

    def _next(self, width: int) -> tuple[int, int]:
        """A group and a bit that no other submission has."""
        group, used = self._open.get(width, (0, _SUM_BITS))
        if used + width > _SUM_BITS:
            self._last_group += 1
            group, used = self._last_group, 0
        self._open[width] = group, used + width
        return group << _WIDTH_BITS | width, 1 << used


def last_group(searcher: Searcher) -> int:
    """The last group of the index, 0 if no submission has several documents."""
    found = searcher.aggregate(Query.all_query(), {"last": {"max": {"field": "siblings"}}})["last"]["value"]
    return int(found or 0) >> _WIDTH_BITS


def surplus(buckets: Iterable[Mapping[str, Any]]) -> int:
    """How many more documents than submissions the `buckets` of `BY_GROUP` have."""
    found = 0
    for bucket in buckets:
        width, bits = int(bucket["key"]) & (1 << _WIDTH_BITS) - 1, int(bucket["bits"]["value"])
        folded = bits
        for shift in range(1, width):
            folded |= bits >> shift
        found += int(bucket["doc_count"]) - (folded & _LOWEST[width]).bit_count()
    return found


_LOWEST = [0, *(sum(1 << place for place in range(0, _SUM_BITS - width + 1, width)) for width in range(1, _SUM_BITS))]
"""By width: the lowest bit of every field."""


def aggregate(
    searcher: Searcher, query: Query, schema: Schema, request: dict[str, Any], *, groups: int, deadline: Deadline
) -> Iterator[dict[str, Any]]:
    """The results of an aggregation over the documents of `query` with siblings, some groups at a time.

    If tantivy refuses to count that many at once, fewer are taken.
    """
    last = last_group(searcher)
    spans = [(first, min(first + groups, last + 1)) for first in range(1, last + 1, groups)]
    while spans:
        deadline.check()
        first, end = spans.pop()
        within = query
        if end - first < last:
            bounds = first << _WIDTH_BITS, (end << _WIDTH_BITS) - 1
            span = Query.range_query(schema, "siblings", FieldType.Unsigned, *bounds)
            within = all_of([query, unscored(span)])
        try:
            yield searcher.aggregate(within, request)
        except ValueError as error:
            if _LIMIT not in str(error) or end - first == 1:
                raise
            middle = (first + end) // 2
            spans += [(first, middle), (middle, end)]


def count_submissions(searcher: Searcher, query: Query, schema: Schema, documents: int, deadline: Deadline) -> int:
    """The number of submissions among the `documents` found by `query`. Raises `QueryError` after the `deadline`."""
    answers = aggregate(searcher, query, schema, BY_GROUP, groups=MAX_BUCKETS - 1, deadline=deadline)
    return documents - sum(surplus(answer["groups"]["buckets"]) for answer in answers)
