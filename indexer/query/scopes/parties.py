"""Parties in entries of their own: what is asked of a submission's parties becomes a question about its documents.

A submission of many parties has their facts in entries without a text (`indexer.update.parties`). Each part of a query
that is about parties is asked of these, and the documents of the submissions found there match it too.
"""

from __future__ import annotations

from collections.abc import Callable

from indexer.fields import DOCUMENT_FIELDS, PARTY_FIELDS
from indexer.query.nodes import All, AnyOf, Leaf, Node, Not, OfFilings, Value, leaves, requires, with_parts

Numbers = Callable[[Node], frozenset[int]]

HERE = Value("parties", "here")
"""The entries that have parties alone."""

APART = Value("parties", "apart")
"""The documents whose parties are in such entries."""


def asks_of_parties(tree: Node | None) -> bool:
    """Whether `tree` has a part that is about parties."""
    return tree is not None and any(leaf.field in PARTY_FIELDS for leaf in leaves(tree))


def needs_document(tree: Node | None) -> bool:
    """Whether an entry without a document never matches `tree`."""
    return tree is not None and requires(tree, lambda leaf: leaf.field in DOCUMENT_FIELDS)


def with_parties(tree: Node, numbers: Numbers) -> Node:
    """`tree` for documents whose parties are apart too; `numbers` are the submissions of which an entry matches."""
    known: dict[Leaf, frozenset[int]] = {}

    def joined(node: Node) -> Node:
        if isinstance(node, All | AnyOf | Not) or node.field not in PARTY_FIELDS:
            return with_parts(node, joined)
        if node not in known:
            known[node] = numbers(All((node, HERE)))
        return AnyOf((node, OfFilings(known[node]))) if known[node] else node

    return joined(tree)
