"""Submissions of many parties: their facts are indexed once, not once for each document.

An index has an entry for each document, with all facts of its submission, so that a filter and words hold together.
Documents times parties would make the cost of a submission made up for it grow with the square of its size, and a name
of thousands in one entry slow the names of all others down. Such a submission has its parties in entries of their own,
a few in each; a search joins them with the documents (`indexer.query.scopes.parties`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, TypeVar

from indexer.entries import HitEntity, IndexEntry, exact

T = TypeVar("T")

MAX_NAMES = 64
"""Names that one entry may have. Nearly all submissions have a dozen at most, former ones included."""

MAX_CHARS = 2_000_000
"""Characters of the parties' facts that the documents of a submission may have together."""

MAX_LISTED_CHARS = 5_000
"""Characters of entities that a hit of such a submission lists."""

_FACTS = (
    "names",
    "sics",
    "states",
    "file_numbers",
    "series",
    "cities",
    "business_states",
    "film_numbers",
    "fiscal_year_ends",
)


def with_parties_apart(entries: Sequence[IndexEntry]) -> Sequence[IndexEntry]:
    """`entries` of one submission as they are indexed: as they are, unless it has too many parties for that.

    Then the documents come first, and entries with parties alone after them; each fact is in one of these.
    """
    if not entries:
        return entries
    first = entries[0]
    chars = sum(map(_entity_chars, first.entities)) + sum(
        len(str(one)) for name in _FACTS for one in getattr(first, name)
    )
    if max(len(first.names), len(first.series)) <= MAX_NAMES and chars * len(entries) <= MAX_CHARS:
        return entries
    listed = tuple(_listed(first.entities))
    none: dict[str, Any] = dict.fromkeys(_FACTS, ())
    documents = (
        replace(
            entry,
            **none,
            entities=listed,
            entities_left_out=len(first.entities) - len(listed),
            parties="apart",
        )
        for entry in entries
    )
    position = 1 + max(entry.position or 0 for entry in entries)
    return tuple(chain(documents, _parties(first, position)))


def _parties(entry: IndexEntry, position: int) -> Iterator[IndexEntry]:
    """The parties of the submission of `entry`, counted from `position` on."""
    facts: dict[str, tuple[Any, ...]] = {"entities": _once(entry.entities, key=lambda entity: entity.cik)}
    facts |= {name: _once(getattr(entry, name), key=lambda value: exact(str(value))) for name in _FACTS}
    longest = max(map(len, facts.values()))
    for number, start in enumerate(range(0, longest, MAX_NAMES)):
        some: dict[str, Any] = {name: values[start : start + MAX_NAMES] for name, values in facts.items()}
        yield replace(
            entry,
            **some,
            position=position + number,
            sequence=None,
            type=None,
            filename=None,
            description=None,
            text="",
            truncated=False,
            sections=(),
            parties="here",
        )


def _once(values: Iterable[T], *, key: Callable[[T], object]) -> tuple[T, ...]:
    """The first of `values` for each `key`: what is counted in entries of parties must be in one of them."""
    found: dict[object, T] = {}
    for value in values:
        found.setdefault(key(value), value)
    return tuple(found.values())


def _listed(entities: Sequence[HitEntity]) -> Iterator[HitEntity]:
    chars = 0
    for entity in entities:
        chars += _entity_chars(entity)
        if chars > MAX_LISTED_CHARS:
            return
        yield entity


def _entity_chars(entity: HitEntity) -> int:
    return len(entity.name) + len(entity.role) + 10
