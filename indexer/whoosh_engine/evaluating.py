"""Finding what a prepared tree matches in one segment, a set of documents at a time, with scores.

Whoosh walks a tree of matchers from document to document, some twenty calls for each. All that is found has to be
counted here anyway, so each node is worked out for the whole segment: postings are read by the block, and sets are cut
in C. Documents and scores are those that Whoosh's matchers give. Nodes that are not known here are left to Whoosh.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from whoosh.query import And, Or, Query, Term
from whoosh.searching import Searcher

from indexer.whoosh_engine.proximity import Placed
from indexer.whoosh_engine.reading import posting_blocks
from indexer.whoosh_engine.scores import Bm25
from indexer.whoosh_engine.sets import DocumentSet, Scores


def evaluate(tree: Query, searcher: Searcher, among: Collection[int] | None = None) -> Scores:
    """The documents of one segment that `tree` matches, none of them deleted; with `among`, of these only."""
    if isinstance(tree, Term):
        return _word(tree.fieldname, _encoded(tree.text), searcher, among)
    if isinstance(tree, And):
        return _all_of(tree.subqueries, searcher, among)
    if isinstance(tree, Or):
        return _any_of(tree.subqueries, searcher, among)
    if isinstance(tree, DocumentSet | Placed):
        return tree.scores(searcher, among)
    matcher = tree.matcher(searcher, searcher.context(needs_current=True))
    found: dict[int, float] = {}
    while matcher.is_active():
        found[matcher.id()] = matcher.score()
        matcher.next()
    return found if among is None else _only(found, among)


def _all_of(parts: Sequence[Query], searcher: Searcher, among: Collection[int] | None) -> Scores:
    """Each part is looked for among what the ones before it, which are rarer, have left."""
    reader = searcher.reader()
    scores: dict[int, Scores] = {}
    for number in sorted(range(len(parts)), key=lambda number: parts[number].estimate_size(reader)):
        scores[number] = evaluate(parts[number], searcher, among)
        among = scores[number].keys()
        if not among:
            return {}
    # added in the order of the query, whatever is rare in this segment: equal scores stay equal to the last bit
    in_order = [scores[number] for number in range(len(parts))]
    return {document: sum(part[document] for part in in_order) for document in among or ()}


def _any_of(parts: Iterable[Query], searcher: Searcher, among: Collection[int] | None) -> Scores:
    found: dict[int, float] = {}
    for part in parts:
        scores = evaluate(part, searcher, among)
        found |= {document: score + found.get(document, 0.0) for document, score in scores.items()}
    return found


def _word(field: str, term: bytes, searcher: Searcher, among: Collection[int] | None) -> Scores:
    weights = _weights(field, term, searcher, among)
    return Bm25(searcher, field, term).scores(weights) if weights else {}


def _weights(field: str, term: bytes, searcher: Searcher, among: Collection[int] | None) -> dict[int, float]:
    """How often `term` stands in each document that has it."""
    found: dict[int, float] = {}
    reader = searcher.reader()
    for block in posting_blocks(reader, field, term, among=_ascending(among), with_values=False):
        found.update(
            dict.fromkeys(block.documents, 1.0)
            if block.weights is None
            else zip(block.documents, block.weights, strict=True)
        )
    return _living(found if among is None else _only(found, among), reader)


def _ascending(among: Collection[int] | None) -> Sequence[int] | None:
    return None if among is None else sorted(among)


def _only(found: dict[int, Any], among: Collection[int]) -> dict[int, Any]:
    """What of `found` is among these; `among` is looked up in, so it is a set or the keys of a mapping."""
    return {document: found[document] for document in found.keys() & among}


def _living(found: dict[int, Any], reader: Any) -> dict[int, Any]:
    if reader.has_deletions():
        for document in reader.segment().deleted_docs():
            found.pop(document, None)
    return found


def _encoded(term: str | bytes) -> bytes:
    return term if isinstance(term, bytes) else term.encode()
