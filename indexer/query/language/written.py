"""Converting a parsed tree back to query text with the same meaning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import assert_never

from indexer.query.language.grammar import (
    RawGroup,
    RawLeaf,
    RawNode,
    RawNot,
    RawPhrase,
    RawProximity,
    RawRange,
    RawWord,
    raw_leaves,
)


def written(tree: RawNode) -> str:
    """The text of `tree`, with parentheses around each inner group."""
    match tree:
        case RawWord(field, text, _, edits):
            return f"{_of(field)}{text}{f'~{edits}' if edits else ''}"
        case RawPhrase(field, text, _, distance):
            return f'{_of(field)}"{text}"{f"~{distance}" if distance else ""}'
        case RawRange(field, first, last):
            opening, closing = "{" if tree.excludes_first else "[", "}" if tree.excludes_last else "]"
            return f"{_of(field)}{opening}{first.strip()} TO {last.strip()}{closing}"
        case RawNot(part):
            return f"NOT {_inner(part)}"
        case RawGroup(joint, parts):
            return (" OR " if joint == "or" else " ").join(map(_in_group, parts))
        case RawProximity(left, right, between, ordered):
            return f"{_inner(left)} {'PRE' if ordered else 'NEAR'}/{between} {_inner(right)}"
        case _:
            assert_never(tree)


def conjuncts(tree: RawNode | None) -> tuple[RawNode, ...]:
    """The parts of a query that must all match; a query that is not a group is its own only part."""
    match tree:
        case None:
            return ()
        case RawGroup("and", parts):
            return tuple(inner for part in parts for inner in conjuncts(part))
        case _:
            return (tree,)


def wanted_leaves(tree: RawNode | None) -> Iterator[RawLeaf]:
    """The leaves of the parts of a query that must match, not of those that must not."""
    for part in conjuncts(tree):
        if not isinstance(part, RawNot):
            yield from raw_leaves(part)


def joined(parts: tuple[RawNode, ...]) -> str:
    """The text of a query in which all of `parts` must match."""
    return written(parts[0] if len(parts) == 1 else RawGroup("and", parts))


def with_field(tree: RawNode, old: str, new: str) -> RawNode:
    """`tree` with `new` in place of the field `old`."""
    match tree:
        case RawNot(part):
            return RawNot(with_field(part, old, new))
        case RawGroup(joint, parts):
            return RawGroup(joint, tuple(with_field(part, old, new) for part in parts))
        case RawProximity():
            return replace(tree, left=with_field(tree.left, old, new), right=with_field(tree.right, old, new))
        case _:
            return replace(tree, field=new) if tree.field == old else tree


def _of(field: str | None) -> str:
    return f"{field}:" if field else ""


def _in_group(part: RawNode) -> str:
    return f"({written(part)})" if isinstance(part, RawGroup) else written(part)


def _inner(part: RawNode) -> str:
    return f"({written(part)})" if isinstance(part, RawGroup | RawNot | RawProximity) else written(part)
