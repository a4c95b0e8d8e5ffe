"""Evaluating a prepared query tree in one segment, a set of documents at a time, with scores.

Whoosh walks a tree of matchers from document to document, with about twenty calls for each. Since all matches must be
counted anyway, each node is evaluated for the whole segment: postings are read by the block, and sets are intersected
in C. Documents and scores equal those of Whoosh's matchers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import repeat
from operator import add
from typing import Any

from whoosh.query import And, NullQuery, Or, Query, Term
from whoosh.searching import Searcher

from indexer.whoosh_engine.matching.proximity import Placed
from indexer.whoosh_engine.matching.scores import Bm25
from indexer.whoosh_engine.matching.sets import DocumentSet, Scores
from indexer.whoosh_engine.reading import encoded, posting_blocks


def evaluate(tree: Query, searcher: Searcher, candidates: Collection[int] | None = None) -> Scores:
    """The documents of one segment that match `tree`, without deleted ones; with `candidates`, only of these."""
    if isinstance(tree, Term):
        return _word(tree.fieldname, encoded(tree.text), searcher, candidates)
    if isinstance(tree, And):
        return _all_of(tree.subqueries, searcher, candidates)
    if isinstance(tree, Or):
        return _any_of(tree.subqueries, searcher, candidates)
    if isinstance(tree, DocumentSet | Placed):
        return tree.scores(searcher, candidates)
    if tree is not NullQuery:
        raise NotImplementedError(f"no prepared query is {type(tree).__name__}")
    return {}


def matching(tree: Query, searcher: Searcher, candidates: Collection[int] | None = None) -> Collection[int]:
    """The documents to which `evaluate` gives scores, without scores: a set, or the keys of a mapping."""
    if isinstance(tree, Term):
        return _documents(tree.fieldname, encoded(tree.text), searcher, candidates)
    if isinstance(tree, And):
        for part in sorted(tree.subqueries, key=lambda part: _cost(part, searcher.reader())):
            candidates = matching(part, searcher, candidates)
            if not candidates:
                break
        return candidates or set()
    if isinstance(tree, Or):
        return set().union(*(matching(part, searcher, candidates) for part in tree.subqueries))
    return evaluate(tree, searcher, candidates).keys()


def _documents(field: str, term: bytes, searcher: Searcher, candidates: Collection[int] | None) -> set[int]:
    """The documents that contain `term`."""
    found: set[int] = set()
    reader = searcher.reader()
    for block in posting_blocks(reader, field, term, candidates=_ascending(candidates), with_values=False):
        found.update(block.documents)
    if candidates is not None:
        found.intersection_update(candidates)
    if reader.has_deletions():
        found.difference_update(reader.segment().deleted_docs())
    return found


def _all_of(parts: Sequence[Query], searcher: Searcher, candidates: Collection[int] | None) -> Scores:
    """Each part is searched among the documents that the previous, cheaper ones left; what remains is scored."""
    reader = searcher.reader()
    found: dict[int, Scores] = {}
    for number in sorted(range(len(parts)), key=lambda number: _cost(parts[number], reader)):
        part = parts[number]
        if isinstance(part, Term):
            found[number] = _weights(part.fieldname, encoded(part.text), searcher, candidates)
        else:
            found[number] = evaluate(part, searcher, candidates)
        candidates = found[number].keys()
        if not candidates:
            return {}
    documents = list(candidates or ())
    # added in the order of the query, whatever is rare in this segment, so that equal scores are exactly equal
    columns = [
        Bm25(searcher, part.fieldname, encoded(part.text)).column(documents, found[number])
        if isinstance(part, Term)
        else [found[number][document] for document in documents]
        for number, part in enumerate(parts)
    ]
    return dict(zip(documents, map(sum, zip(*columns, strict=True)), strict=True))


def _cost(part: Query, reader: Any) -> int:
    """The cost of `part`: the documents it may be in, times the relative cost of each (measured)."""
    each = 1 if isinstance(part, DocumentSet) else 200 if isinstance(part, Placed) else 6
    return int(part.estimate_size(reader)) * each


def _any_of(parts: Iterable[Query], searcher: Searcher, candidates: Collection[int] | None) -> Scores:
    found: dict[int, float] = {}
    for part in parts:
        scores = evaluate(part, searcher, candidates)
        so_far = map(found.get, scores, repeat(0.0))
        found |= dict(zip(scores, map(add, scores.values(), so_far), strict=True)) if found else scores
    return found


def _word(field: str, term: bytes, searcher: Searcher, candidates: Collection[int] | None) -> Scores:
    weights = _weights(field, term, searcher, candidates)
    return Bm25(searcher, field, term).scores(weights) if weights else {}


def _weights(field: str, term: bytes, searcher: Searcher, candidates: Collection[int] | None) -> dict[int, float]:
    """The frequency of `term` in each document that contains it."""
    found: dict[int, float] = {}
    reader = searcher.reader()
    for block in posting_blocks(reader, field, term, candidates=_ascending(candidates), with_values=False):
        found.update(
            dict.fromkeys(block.documents, 1.0)
            if block.weights is None
            else zip(block.documents, block.weights, strict=True)
        )
    return _living(found if candidates is None else _only(found, candidates), reader)


def _ascending(candidates: Collection[int] | None) -> Sequence[int] | None:
    return None if candidates is None else sorted(candidates)


def _only(found: dict[int, Any], candidates: Collection[int]) -> dict[int, Any]:
    """The part of `found` that is in `candidates`, which must be fast to look up in."""
    return {document: found[document] for document in found.keys() & candidates}


def _living(found: dict[int, Any], reader: Any) -> dict[int, Any]:
    if reader.has_deletions():
        for document in reader.segment().deleted_docs():
            found.pop(document, None)
    return found
