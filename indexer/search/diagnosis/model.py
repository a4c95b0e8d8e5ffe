"""Why a search finds nothing, as a value, and in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

Change = Literal["query", "stem", "within", "section"]
"""What of a search an alternative changes; the name of its option."""

Spell = Callable[[str, str | None], str]
"""An option and its value (None: it is only named) as they are given: to a command, in a URL or in Python."""

_NOT_MIRRORED = "; check its spelling, or mirror it with `edgarchive sync`"


@dataclass(frozen=True, slots=True)
class PartCount:
    """How much one part of a query finds alone, without any filter."""

    text: str
    count: int


@dataclass(frozen=True, slots=True)
class FilterCount:
    """How much the search finds without one of its filters; `values` as they were given."""

    filter: str
    values: tuple[str, ...]
    without: int


@dataclass(frozen=True, slots=True)
class UnknownValue:
    """A value of a filter that nothing in the archive has.

    `near` is one like it with which the whole search finds `count`; None where no such value helps.
    """

    filter: str
    value: str
    near: str | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class Alternative:
    """A change with which the search finds `count`.

    Another ``query``, ``stem``, ``within`` a filing, or a ``section`` in place of an item.
    """

    change: Change
    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why a search finds nothing: every number is a count of hits, and every advice was tried.

    `total` is what the search itself finds, and `query_total` its query without any filter, None where it has none.
    `parts` are those of the query, counted where the query finds nothing even so. `filters` are those without which
    something is found, `unknown` their values that nothing in the archive has, and `forms_without_items` those for
    which an item was asked although none of their filings here has one. `alternatives` find something. `is_complete`:
    everything was asked in the time there was.
    """

    total: int
    query_total: int | None = None
    parts: tuple[PartCount, ...] = ()
    filters: tuple[FilterCount, ...] = ()
    unknown: tuple[UnknownValue, ...] = ()
    forms_without_items: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    is_complete: bool = True

    def lines(self, spell: Spell | None = None) -> tuple[str, ...]:
        """The diagnosis in words: `facts`, and what finds something; `spell` says how options are written."""
        return (*self.facts(), *self._remedies(spell or _named))

    def facts(self) -> tuple[str, ...]:
        """What is the matter, in words, a fact each; the unknown values aside."""
        return tuple(self._facts())

    def unknown_lines(self) -> tuple[str, ...]:
        """The unknown values in words, one each."""
        return tuple(
            f"nothing in this archive has the {one.filter} {one.value}"
            + (f"; did you mean {one.near}? ({_hits(one.count)})" if one.near else _NOT_MIRRORED)
            for one in self.unknown
        )

    def to_dict(self) -> dict[str, Any]:
        """The diagnosis as JSON has it, with `lines` as ``"text"``."""
        found = {name: value for name, value in asdict(self).items() if name != "total"}
        return found | {"text": [*self.unknown_lines(), *self.lines()]}

    def _facts(self) -> Iterator[str]:
        if self.parts:
            yield ", ".join([*(f"`{part.text}` {part.count:,}" for part in self.parts), "together 0"])
        if self.forms_without_items:
            yield f"{' and '.join(self.forms_without_items)} filings here have no items"
        if self.query_total and not (self.filters or self.unknown or self.forms_without_items):
            yield f"without filters: {_hits(self.query_total)}"
        if not self.is_complete:
            yield "not everything was tried, to save time"

    def _remedies(self, spell: Spell) -> Iterator[str]:
        for one in self.filters:
            yield f"without {' '.join(spell(one.filter, value) for value in one.values)}: {_hits(one.without)}"
        for alternative in self.alternatives:
            yield f"with {_of_alternative(alternative, spell)}: {_hits(alternative.count)}"


def _of_alternative(one: Alternative, spell: Spell) -> str:
    match one.change:
        case "query":
            return f"`{one.value}`"
        case "stem":
            return spell("stem", None)
        case "within" | "section":
            return spell(one.change, one.value)


def _hits(count: int) -> str:
    return f"{count:,} hit{'' if count == 1 else 's'}"


def _named(option: str, value: str | None) -> str:
    return option if value is None else f"{option} {value}"
