"""From query text (docs/query-language.md) to a query tree that means the same in every engine.

`grammar` parses the text; here each leaf is built by the rules of its field.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from typing import assert_never

from archiver.errors import IdentifierError, QueryError, UsageError
from archiver.identifiers import Cik
from archiver.startup.patterns import lazy_pattern
from archiver.words import words
from indexer.fields import BY_NAME, TEXT_FIELDS, has_wildcards
from indexer.query.language.grammar import RawGroup, RawNode, RawNot, RawPhrase, RawProximity, RawRange, RawWord, read
from indexer.query.language.leaves import (
    FIRST_DATE,
    LAST_DATE,
    PATTERN_WORD,
    PHRASE_WORD,
    accession_in,
    date_span,
    fuzzy_leaf,
    join_all,
    join_any,
    text_leaf,
    value_leaf,
)
from indexer.query.nodes import DateSpan, Near, Node, Not, OneOf, Phrase, Proximity, Span, Value

MAX_QUERY_CHARS = 4096
MAX_TERMS = 256
"""Maximum words and values of a query."""

MAX_SLOP = 50
"""Maximum distance of near words."""

MAX_PAIRS = 64
"""Maximum pairs of alternatives of one NEAR."""

_OF_SERIES = lazy_pattern(r"[SC][0-9]{9}|[A-Z]{4}X")
"""The id of a fund's series or class, or a fund's ticker, which has five letters and ends in X."""


CikOf = Callable[[str], Cik]
"""Returns the CIK of the company with a ticker. Raises `UsageError` if it is unknown."""


def parse_query(text: str, *, stem: bool = False, cik_of: CikOf | None = None) -> Node:
    """The query tree of `text`; None for an empty query. With `stem`, words of text match all words of their stem.

    ``ticker:`` is replaced by ``cik:`` using `cik_of`; without it, it is an error. Raises `QueryError`, with the
    position in `text` if there is one, for what cannot be parsed and for what exceeds a limit: `MAX_QUERY_CHARS`,
    `MAX_TERMS`, `MAX_SLOP`, and those of `grammar`, `tokens` and `leaves`.
    """
    if len(text) > MAX_QUERY_CHARS:
        raise QueryError(
            f"the query has {len(text)} characters, more than {MAX_QUERY_CHARS}", "shorten it", position=MAX_QUERY_CHARS
        )
    tree = _TreeBuilder(stem=stem, cik_of=cik_of).build(read(text))
    if tree is None:
        raise QueryError("the query has no word to search for", "give a word, a phrase or a field such as form:8-K")
    return tree


class _TreeBuilder:
    """Converts the parsed query to query nodes, counting leaves against `MAX_TERMS`."""

    def __init__(self, *, stem: bool, cik_of: CikOf | None) -> None:
        self._stem = stem
        self._cik_of = cik_of
        self._terms = 0

    def build(self, node: RawNode | None) -> Node | None:  # noqa: PLR0911 — one for each kind of node
        """The tree for `node`; None if it contains no word."""
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
            case RawProximity():
                return self._proximity(node)
            case RawRange():
                return _date_range(node)
            case RawWord() | RawPhrase():
                return self._leaf(node)
            case _:
                assert_never(node)

    def _proximity(self, node: RawProximity) -> Node | None:
        """NEAR and PRE: for each field of text, every pair of alternatives of the two sides."""
        if node.between > MAX_SLOP:
            raise QueryError(
                f"the distance {node.between} at position {node.at + 1} is more than {MAX_SLOP}", "lower it", node.at
            )
        sides = (self._sides(node.left, node.at), self._sides(node.right, node.at))
        named = {field for side in sides for field, _ in side if field is not None}
        if len(named) > 1:
            raise QueryError(
                f"the words around position {node.at + 1} are of different fields", "name one field, or none", node.at
            )
        pairs = list(itertools.product(*sides))
        if len(pairs) > MAX_PAIRS:
            raise QueryError(
                f"the alternatives around position {node.at + 1} make more than {MAX_PAIRS} pairs", "use fewer", node.at
            )

        def paired(field: str) -> Node | None:
            return join_any(
                Proximity(field, left(field), right(field), node.between, node.ordered)
                for (_, left), (_, right) in pairs
            )

        return _anywhere(next(iter(named), None), paired)

    def _sides(self, node: RawNode, at: int) -> list[tuple[str | None, Callable[[str], Span]]]:
        """The alternatives of one side of NEAR: the field each names, and a function that builds it for a field.

        Single words are one alternative, since they occupy the same position.
        """
        words: list[tuple[str | None, Callable[[str], Span]]] = []
        phrases: list[tuple[str | None, Callable[[str], Span]]] = []
        for leaf in _alternatives(node, at):
            named, stem = self._field_and_stem(leaf)
            if isinstance(leaf, RawPhrase) and leaf.distance:
                raise _no_side(leaf.at, "a phrase with ~")
            if named is not None and BY_NAME[named].kind != "text":
                raise _no_side(leaf.at, f"{named}:")
            self._count(leaf)
            make = partial(_span, leaf, stem=stem)
            (phrases if isinstance(make(named or "text"), Phrase) else words).append((named, make))
        if len(words) < 2:  # noqa: PLR2004 — a pair
            return words + phrases
        fields = {field for field, _ in words}
        if len(fields) > 1:
            raise QueryError(f"the alternatives around position {at + 1} use different fields", "name one field", at)
        makers = [make for _, make in words]

        def one_of(field: str) -> Span:
            return OneOf(tuple(word for make in makers if not isinstance(word := make(field), Phrase | OneOf)))

        return [(fields.pop(), one_of), *phrases]

    def _leaf(self, node: RawWord | RawPhrase) -> Node | None:
        self._count(node)
        if node.field is None and isinstance(node, RawWord) and (found := accession_in(node.text, node.at)):
            return Value("accession", found)
        raw, at = node.text, node.at
        field, stem = self._field_and_stem(node)
        if field == "ticker":
            return self._company(node)
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
            leaf = _anywhere(field, lambda name: text_leaf(name, raw, cut=cut, near=near, stem=stem, at=at))
            names_series = node.field is None and isinstance(node, RawWord) and _OF_SERIES.fullmatch(raw)
            return join_any((leaf, value_leaf(BY_NAME["series"], raw))) if names_series else leaf
        try:
            return value_leaf(BY_NAME[field], raw, cut)
        except UsageError as error:
            if isinstance(error, QueryError) and error.position is not None:
                raise
            raise QueryError(f"{field}: at position {at + 1}: {error.message}", error.hint, at) from None

    def _field_and_stem(self, node: RawWord | RawPhrase) -> tuple[str | None, bool]:
        """The field that `node` names, and whether its words match all words of their stem."""
        if node.field == "stem":
            return None, True
        return node.field, self._stem and node.field in {None, *TEXT_FIELDS}

    def _company(self, node: RawWord | RawPhrase) -> Node:
        if self._cik_of is None:
            raise QueryError(f"ticker: at position {node.at + 1} needs an archive", "use cik:", node.at)
        if (node.edits if isinstance(node, RawWord) else node.distance) or has_wildcards(node.text):
            message = f"ticker: at position {node.at + 1} takes no *, ? or ~"
            raise QueryError(message, "write the whole ticker", node.at)
        try:
            return Value("cik", str(int(self._cik_of(node.text))))
        except UsageError as error:
            raise QueryError(f"ticker: at position {node.at + 1}: {error.message}", error.hint, node.at) from None

    def _count(self, node: RawWord | RawPhrase) -> None:
        self._terms += max(1, len(words(node.text)))
        if self._terms > MAX_TERMS:
            raise QueryError(f"the query has more than {MAX_TERMS} words", "shorten it", node.at)


def _alternatives(node: RawNode, at: int) -> Iterator[RawWord | RawPhrase]:
    """The words and phrases of one side of NEAR; raises `QueryError` for anything else."""
    match node:
        case RawWord() | RawPhrase():
            yield node
        case RawGroup("or", parts):
            for part in parts:
                yield from _alternatives(part, at)
        case RawGroup(_, parts) if any(isinstance(part, RawWord) and part.text == "or" for part in parts):
            raise QueryError(f"`or` after position {at + 1} is a word", "write OR in capitals between alternatives", at)
        case _:
            raise _no_side(at, "anything but words, phrases and alternatives with OR")


def _span(leaf: RawWord | RawPhrase, field: str, *, stem: bool) -> Span:
    if isinstance(leaf, RawWord) and leaf.edits:
        return fuzzy_leaf(field, leaf.text, leaf.edits, leaf.at)
    cut = PHRASE_WORD if isinstance(leaf, RawPhrase) else PATTERN_WORD
    made = text_leaf(field, leaf.text, cut=cut, near=None, stem=stem, at=leaf.at)
    if made is None or isinstance(made, Near):
        raise _no_side(leaf.at, "a side without a word")
    return made


def _no_side(at: int, what: str) -> QueryError:
    return QueryError(
        f"NEAR and PRE do not take {what} (at position {at + 1})", "write words, phrases or (one OR other)", at
    )


def _anywhere(field: str | None, leaf: Callable[[str], Node | None]) -> Node | None:
    return join_any(leaf(name) for name in (TEXT_FIELDS if field is None else (field,)))


def _date_range(node: RawRange) -> DateSpan:
    field, at = node.field, node.at
    if field is None or BY_NAME[field].kind != "date":
        raise QueryError(
            f"the range at position {at + 1} is not of a date", "ranges are for filed:, period: and added:", at
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
