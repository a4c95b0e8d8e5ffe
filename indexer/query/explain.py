"""Explaining in words how a query was interpreted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import assert_never

from indexer.fields import BY_NAME, TEXT_FIELDS, has_wildcards
from indexer.query.nodes import (
    All,
    AnyOf,
    AtLeast,
    DateSpan,
    Fuzzy,
    InSection,
    Leaf,
    NameWords,
    Near,
    Node,
    Not,
    OfFilings,
    OneOf,
    Pattern,
    Phrase,
    Proximity,
    Span,
    Stem,
    Value,
    Within,
    Word,
    WordLike,
)
from indexer.query.scopes.filings import Unit

_INDENT = "  "


def explain(query: Node | None, filters: Node | None, *, within: Unit = "document") -> str:
    """`query` and `filters` in words, one condition per line; groups are indented below a heading."""
    lines: list[str] = []
    if query is not None and within == "filing":
        lines.append("in any documents of one filing:")
    for heading, tree in (("query", query), ("filters", filters)):
        if tree is not None:
            lines += [f"{heading}:", *(f"{_INDENT}{line}" for line in _lines(tree))]
    return "\n".join(lines) or "everything"


def _lines(tree: Node) -> Iterator[str]:
    match tree:
        case AnyOf(parts) if (leaf := _sought_anywhere(parts)) is not None:
            yield _leaf(leaf, " or ".join(TEXT_FIELDS))
        case All(parts) | AnyOf(parts):
            yield "all of:" if isinstance(tree, All) else "any of:"
            for part in parts:
                yield from (f"{_INDENT}{line}" for line in _lines(part))
        case Not(part):
            yield "not:"
            yield from (f"{_INDENT}{line}" for line in _lines(part))
        case _:
            yield _leaf(tree, BY_NAME[tree.field].label)


def _sought_anywhere(parts: tuple[Node, ...]) -> Leaf | None:
    """The first of `parts` if they are one leaf for each field of running text."""
    fields = tuple("" if isinstance(part, All | AnyOf | Not) else part.field for part in parts)
    first = parts[0]
    return first if fields == TEXT_FIELDS and not isinstance(first, All | AnyOf | Not) else None


def _leaf(leaf: Leaf, where: str) -> str:  # noqa: C901, PLR0911, PLR0912 — one for each kind of leaf
    """One condition, about `where`."""
    match leaf:
        case DateSpan():
            return f"{where} {_span(leaf)}"
        case AtLeast(field, number):
            return f"{where} is {BY_NAME[field].spell(str(number))} or later"
        case OfFilings(numbers):
            return f"{where} is one of {len(numbers):,}"
        case InSection(name):
            return f"all of this is in one {where} {name}"
        case Within(key, part):
            return f"{_leaf(part, where)} in {key}"
        case NameWords(words):
            return f"{where}, current or former, has {_listed(map(_word, words))}"
        case Near(_, parts, distance):
            return (
                f"{where} has {_listed(map(_part, parts))} near each other in any order,"
                f" with fewer than {distance} other words between them"
            )
        case Proximity(_, left, right, between, ordered):
            what = "before" if ordered else "near"
            return f"{where} has {_side(left)} {what} {_side(right)}, with at most {between} other words between"
        case Phrase(_, parts) if not all(isinstance(part, Word) for part in parts):
            return f"{where} has in sequence {_listed(map(_part, parts), 'then')}"
        case Value(field, text):
            return f"{where} is {BY_NAME[field].spell(text)}"
        case Pattern(field, text) if BY_NAME[field].kind == "value":
            return f"{where} is like {BY_NAME[field].spell(text)}"
        case Word() | Pattern() | Fuzzy() | Stem() | Phrase():
            return f"{where} has {_side(leaf)}"
        case _:
            assert_never(leaf)


def _side(span: Span) -> str:
    match span:
        case OneOf(words):
            return f"({_listed(map(_part, words), 'or')})"
        case Phrase(_, parts) if all(isinstance(part, Word) for part in parts):
            return f'the phrase "{" ".join(part.text for part in parts)}"'
        case Phrase(_, parts):
            return f"({_listed(map(_part, parts), 'then')})"
        case _:
            return _part(span)


def _span(leaf: DateSpan) -> str:
    if leaf.last == date.max:
        return f"from {leaf.first} on"
    return f"up to {leaf.last}" if leaf.first == date.min else f"from {leaf.first} to {leaf.last}"


def _part(part: WordLike) -> str:
    match part:
        case Fuzzy(_, text, max_edits):
            return f'a word at most {max_edits} {"edit" if max_edits == 1 else "edits"} from "{text}"'
        case Stem(_, text):
            return f'a word with the stem of "{text}"'
        case _:
            return _word(part.text)


def _word(word: str) -> str:
    return f'a word like "{word}"' if has_wildcards(word) else f'"{word}"'


def _listed(parts: Iterable[str], joint: str = "and") -> str:
    return f" {joint} ".join(parts)
