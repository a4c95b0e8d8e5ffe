"""Words in different documents of one filing: rewriting a query about documents as one about filings.

Each word or phrase, or section with its words, selects with the filters the filings that have it in some document; AND,
OR and NOT then combine filings. Engines do not join documents, so the accession numbers found for one part restrict the
query for the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from archiver.errors import QueryError
from indexer.fields import DOCUMENT_FIELDS
from indexer.query.language.leaves import join_all, join_any
from indexer.query.nodes import All, AnyOf, Node, Not, OfFilings, Value, leaves, requires, with_parts
from indexer.query.scopes.sections import is_bound_group, scoped

Unit = Literal["document", "filing"]
"""What must contain all words of a query."""

MAX_FILINGS = 1_000_000
"""Filings that match one part of a query; their accession numbers are held in memory."""

Count = Callable[[Node], int]
Numbers = Callable[[Node], frozenset[int]]


def across_documents(
    query: Node | None, filters: Node | None, *, count: Count, numbers: Numbers
) -> tuple[Node | None, Node | None]:
    """`query` and `filters` for the documents of filings that match `query` in any of their documents.

    The documents that `filters` select are treated as one per filing. Documents are found and scored by any part of the
    query. `count` returns how many filings have a document that matches a tree, and `numbers` their accession numbers.
    Raises `QueryError` if one part matches more than `MAX_FILINGS`.
    """
    query, filters = scoped(query, filters)
    if query is None or _is_single(query):
        return query, filters
    selected = _Joining(filters, count, numbers).node(query, None)
    return _any_part(query), join_all((filters, selected))


class _Joining:
    """The documents of one query, and how to query an engine."""

    def __init__(self, filters: Node | None, count: Count, numbers: Numbers) -> None:
        self._filters = filters
        self._count = count
        self._numbers = numbers

    def node(self, tree: Node, among: Node | None) -> Node:
        """Documents of the filings that match `tree`; the result is undefined outside `among`."""
        if is_of_filings(tree):
            return tree
        if _is_single(tree):
            return self._leaf(tree, among)
        if isinstance(tree, All):
            return self._all(tree.parts, among)
        return with_parts(tree, lambda part: self.node(part, among))

    def _all(self, parts: tuple[Node, ...], among: Node | None) -> Node:
        """The cheapest part first and exclusions last: each part is searched among the remaining filings."""
        facts = [part for part in parts if is_of_filings(part)]
        others = [part for part in parts if part not in facts]
        here = join_all((among, *facts))
        single = sorted((part for part in others if _is_single(part)), key=lambda part: self._asked(part, here))
        rest = sorted((part for part in others if part not in single), key=lambda part: isinstance(part, Not))
        found: list[Node] = []
        for part in single:
            here = self._leaf(part, here)
            found = [here]  # it is contained in the previous ones
        for part in rest:
            joined = self.node(part, here)
            found.append(joined)
            here = join_all((here, joined))
        return join_all((*facts, *found)) or All(parts)

    def _leaf(self, tree: Node, among: Node | None) -> Node:
        if (total := self._asked(tree, among)) > MAX_FILINGS:
            raise QueryError(
                f"one part of the query matches {total} filings, more than the limit of {MAX_FILINGS}",
                "add a filter, such as dates or a form, or search within documents",
            )
        return OfFilings(self._numbers(self._tree(tree, among)))

    def _asked(self, tree: Node, among: Node | None) -> int:
        return self._count(self._tree(tree, among))

    def _tree(self, tree: Node, among: Node | None) -> Node:
        return join_all((tree, self._filters, among)) or tree


def is_of_filings(tree: Node | None) -> bool:
    """Whether `tree` has no condition on single documents: it matches all documents of a filing or none."""
    return tree is None or not any(leaf.field in DOCUMENT_FIELDS for leaf in leaves(tree))


def _is_single(tree: Node) -> bool:
    """Whether one document must match `tree`: it is a leaf, a section with its words, or alternatives of these."""
    if isinstance(tree, AnyOf):
        return all(_is_single(part) for part in tree.parts)
    return is_bound_group(tree) or not isinstance(tree, All | Not)


def _any_part(tree: Node) -> Node:
    """Documents that match anything in `tree`; all documents if a filing may match without any of it."""
    parts = list(dict.fromkeys(_sought(tree)))
    if not requires(tree, lambda _: True):
        parts.append(Not(Value("section", "")))
    return join_any(parts) or tree


def _sought(tree: Node) -> Iterator[Node]:
    match tree:
        case All() if is_bound_group(tree):
            yield tree
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from _sought(part)
        case Not():
            return
        case _:
            yield tree
