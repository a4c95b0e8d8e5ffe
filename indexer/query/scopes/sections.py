"""Search inside sections: the terms next to ``section:1A`` must match within one such section."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from archiver.errors import QueryError
from indexer.entries import exact
from indexer.fields import TEXT_FIELDS
from indexer.query.language.leaves import join_all, join_any
from indexer.query.nodes import (
    All,
    AnyOf,
    Fuzzy,
    InSection,
    Leaf,
    Near,
    Node,
    Pattern,
    Phrase,
    Proximity,
    Stem,
    Value,
    Within,
    Word,
    leaves,
    with_parts,
)

MAX_BOUND = 30_000
"""Maximum conditions of a query whose words are bound to sections.

The words are repeated for each form that has the section, and those in a section inside of another for each pair.
"""

_BODY = TEXT_FIELDS[0]


def scoped(query: Node | None, filters: Node | None) -> tuple[Node | None, Node | None]:
    """`query` and `filters` with every word bound to the section requested next to it.

    A section in the filters applies to all words of the query. Without a section nothing changes. Raises `QueryError`
    for more than `MAX_BOUND` conditions.
    """
    if filters is not None and query is not None:
        asked, rest = _conjuncts(filters)
        if asked:
            return scoped(All((*asked, query)), join_all(rest))
    return (None if query is None else _bounded(query)), (None if filters is None else _bounded(filters))


def bound_query(query: Node | None, filters: Node | None) -> Node | None:
    """The query for excerpts: `query` with its words bound to the requested sections.

    None if neither words nor sections are requested.
    """
    asked, _ = ([], []) if filters is None else _conjuncts(filters)
    together = join_all((*asked, query))
    return None if together is None else _bounded(together)


def bound_sections(tree: Node) -> frozenset[str]:
    """The indexed keys of the sections to which `bound_query` bound words; without words, of all requested ones.

    Exclusions (`Not`) are left out.
    """
    present = [leaf for leaf in leaves(tree, negated=False) if isinstance(leaf, Within | Value)]
    within = {exact(leaf.key) for leaf in present if isinstance(leaf, Within)}
    return frozenset(within or {leaf.text for leaf in present if isinstance(leaf, Value) and leaf.field == "section"})


def in_section(tree: Node, key: str) -> Node:
    """`tree`, in which of all sections only `key` counts: what it asks for in another one matches nothing."""
    match tree:
        case All(parts):
            return All(tuple(in_section(part, key) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(in_section(part, key) for part in parts))
        case InSection(name, keys):
            return InSection(name, (key,) if key in keys else ())
        case Value("section") | Within() if exact(key) not in _keys(tree):
            return _nothing()
        case _:
            return tree


def asked_sections(tree: Node | None) -> frozenset[str]:
    """The indexed keys of all sections that `tree`, also after `scoped`, asks for; exclusions (`Not`) are left out."""
    found = () if tree is None else leaves(tree, negated=False)
    return frozenset(key for leaf in found for key in _keys(leaf) if key)


def _keys(leaf: Leaf) -> tuple[str, ...]:
    match leaf:
        case InSection(_, keys):
            return tuple(map(exact, keys))
        case Value("section", key):
            return (key,)
        case Within(key):
            return (exact(key),)
        case _:
            return ()


def _bounded(tree: Node) -> Node:
    """`tree` with its words bound to sections."""
    return _Binding().scope(tree)


class _Binding:
    """Binds the words of one tree to sections, counting conditions against `MAX_BOUND`."""

    def __init__(self) -> None:
        self._left = MAX_BOUND

    def scope(self, tree: Node) -> Node:
        """`tree` with every word bound to the section requested next to it."""
        match tree:
            case All():
                return self._scope_all(tree)
            case InSection(_, keys):
                return _has(keys)
            case _:
                return with_parts(tree, self.scope)

    def _scope_all(self, tree: All) -> Node:
        asked, rest = _conjuncts(tree)
        if not asked:
            return with_parts(tree, self.scope)
        keys = [key for key in asked[0].keys if all(key in other.keys for other in asked[1:])]
        if not keys:  # no section has both names: both must exist, and nothing can match in both
            return _nothing() if rest else All(tuple(_has(one.keys) for one in asked))
        inner = join_all(self.scope(part) for part in rest)
        if inner is not None:
            self._count(len(keys) * sum(1 for _ in leaves(inner)))
        ways = (join_all((_has((key,)), None if inner is None else _bound(inner, key))) for key in keys)
        return join_any(ways) or _nothing()

    def _count(self, conditions: int) -> None:
        self._left -= conditions
        if self._left < 0:
            raise QueryError(
                f"the words within sections make more than {MAX_BOUND:,} conditions, one for each form",
                "use fewer words, or do not nest sections",
            )


def _conjuncts(tree: Node) -> tuple[list[InSection], list[Node]]:
    """The sections that `tree` requires, and the rest of it."""
    asked: list[InSection] = []
    rest: list[Node] = []
    for part in tree.parts if isinstance(tree, All) else (tree,):
        section = _as_section(part)
        if section is None:
            rest.append(part)
        else:
            asked.append(section)
    return asked, rest


def _as_section(tree: Node) -> InSection | None:
    """`tree` if it is a section; alternatives of sections are one that has any of their keys. Else None."""
    match tree:
        case InSection():
            return tree
        case AnyOf(parts):
            sections = [section for part in parts if (section := _as_section(part)) is not None]
            if len(sections) == len(parts):
                keys = dict.fromkeys(key for section in sections for key in section.keys)
                return InSection(" or ".join(section.name for section in sections), tuple(keys))
    return None


def _bound(tree: Node, key: str) -> Node:
    """`tree` with its words of text bound to the section `key`; a description is in no section."""
    match tree:
        case AnyOf((of_text, *_) as parts) if _is_sought_anywhere(parts):
            return _bound(of_text, key)
        case Word() | Pattern() | Fuzzy() | Stem() | Phrase() | Near() | Proximity() if tree.field == _BODY:
            return Within(key, tree)
        case _:
            return with_parts(tree, lambda part: _bound(part, key))


def _is_sought_anywhere(parts: Sequence[Node]) -> bool:
    """Whether `parts` are what words without a field become: the words in each of the fields of running text."""
    return [_fields(part) for part in parts] == [{field} for field in TEXT_FIELDS]


def is_bound_group(tree: Node) -> bool:
    """Whether `tree`, made by `scoped`, is a section with what must match within it: the section comes first."""
    return isinstance(tree, All) and _is_section(tree.parts[0])


def _is_section(tree: Node) -> bool:
    """Whether `tree` is what `_has` makes."""
    if isinstance(tree, AnyOf):
        return all(map(_is_section, tree.parts))
    return isinstance(tree, Value) and tree.field == "section"


def _fields(tree: Node) -> set[str]:
    return {leaf.field for leaf in leaves(tree)}


def _has(keys: Iterable[str]) -> Node:
    return join_any(Value("section", exact(key)) for key in keys) or _nothing()


def _nothing() -> Node:
    return Value("section", "")
