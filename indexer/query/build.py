"""The query language (docs/query-language.md): text to one query tree that means the same in every engine.

`grammar` groups the text; here each leaf of the raw tree is built by the rules of its field.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import assert_never

from archiver.errors import IdentifierError, QueryError, UsageError
from archiver.words import words
from indexer.fields import BY_NAME, TEXT_FIELDS
from indexer.query.grammar import RawGroup, RawNode, RawNot, RawPhrase, RawRange, RawWord, read
from indexer.query.leaves import (
    FIRST_DATE,
    LAST_DATE,
    PATTERN_WORD,
    PHRASE_WORD,
    date_span,
    fuzzy_leaf,
    join_all,
    join_any,
    text_leaf,
    value_leaf,
)
from indexer.query.nodes import DateSpan, Node, Not

MAX_QUERY_CHARS = 4096
MAX_TERMS = 256
"""Words and values of a query."""

MAX_SLOP = 50
"""The distance of words near each other."""


def parse_query(text: str, *, stem: bool = False) -> Node:
    """The query tree of `text`. With `stem`, every whole word of text stands for all words of its stem.

    Raises `QueryError`, with the position in `text` where there is one, for what cannot be read and for what passes a
    bound: `MAX_QUERY_CHARS`, `MAX_TERMS`, `MAX_SLOP`, and those of `grammar`, `tokens` and `leaves`.
    """
    if len(text) > MAX_QUERY_CHARS:
        raise QueryError(
            f"the query has {len(text)} characters, more than {MAX_QUERY_CHARS}", "shorten it", position=MAX_QUERY_CHARS
        )
    tree = _TreeBuilder(stem=stem).build(read(text))
    if tree is None:
        raise QueryError("the query has no word to search for", "give a word, a phrase or a field such as form:8-K")
    return tree


class _TreeBuilder:
    """The raw tree to query nodes: every leaf by the rules of its field, counted against `MAX_TERMS`."""

    def __init__(self, *, stem: bool) -> None:
        self._stem = stem
        self._terms = 0

    def build(self, node: RawNode | None) -> Node | None:  # noqa: PLR0911 — one for each kind of node
        """The tree for `node`; None where it has no word at all."""
        match node:
            case None:
                return None
            case RawGroup("and", parts):
                return join_all([self.build(part) for part in parts])
            case RawGroup(_, parts):
                return join_any([self.build(part) for part in parts])
            case RawNot(part):
                child = self.build(part)
                if isinstance(child, Not):
                    return child.part
                return None if child is None else Not(child)
            case RawRange():
                return _date_range(node)
            case RawWord() | RawPhrase():
                return self._leaf(node)
            case _:
                assert_never(node)

    def _leaf(self, node: RawWord | RawPhrase) -> Node | None:
        self._count(node)
        field, raw, at = node.field, node.text, node.at
        stem = field == "stem" or (self._stem and field in {None, *TEXT_FIELDS})
        if field == "stem":
            field = None
        if isinstance(node, RawWord) and node.edits:
            edits = node.edits
            return _anywhere(field, lambda name: fuzzy_leaf(name, raw, edits, at))
        near, cut = None, PATTERN_WORD
        if isinstance(node, RawPhrase):
            near, cut = node.distance or None, PHRASE_WORD
            if node.distance > MAX_SLOP:
                raise QueryError(
                    f"the distance ~{node.distance} at position {at + 1} is more than {MAX_SLOP}", "lower it", at
                )
        if field is None or BY_NAME[field].kind == "text":
            return _anywhere(field, lambda name: text_leaf(name, raw, cut=cut, near=near, stem=stem, at=at))
        try:
            return value_leaf(BY_NAME[field], raw, cut)
        except UsageError as error:
            if isinstance(error, QueryError) and error.position is not None:
                raise
            raise QueryError(f"{field}: at position {at + 1}: {error.message}", error.hint, at) from None

    def _count(self, node: RawWord | RawPhrase) -> None:
        self._terms += max(1, len(words(node.text)))
        if self._terms > MAX_TERMS:
            raise QueryError(f"the query has more than {MAX_TERMS} words", "shorten it", node.at)


def _anywhere(field: str | None, leaf: Callable[[str], Node | None]) -> Node | None:
    return join_any(leaf(name) for name in (TEXT_FIELDS if field is None else (field,)))


def _date_range(node: RawRange) -> DateSpan:
    field, at = node.field, node.at
    if field is None or BY_NAME[field].kind != "date":
        raise QueryError(
            f"the range at position {at + 1} is not of filed: or period:", "ranges are for these two fields", at
        )
    try:
        first = date_span(node.first) if node.first.strip() else (FIRST_DATE, FIRST_DATE)
        last = date_span(node.last) if node.last.strip() else (LAST_DATE, LAST_DATE)
    except IdentifierError as error:
        raise QueryError(f"{field}: at position {at + 1}: {error.message}", error.hint, at) from None
    start = _next_day(first[1]) if node.excludes_first and node.first.strip() else first[0]
    end = date.fromordinal(max(1, last[0].toordinal() - 1)) if node.excludes_last and node.last.strip() else last[1]
    return DateSpan(field, start, end)


def _next_day(day: date) -> date:
    return day if day == LAST_DATE else date.fromordinal(day.toordinal() + 1)
