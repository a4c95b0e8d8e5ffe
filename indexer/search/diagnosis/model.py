"""The reasons why a search finds nothing, as a value and in words."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any, Literal

from archiver.events import event
from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern
from indexer.text.kinds import is_xbrl

_log = logging.getLogger(__name__)

Change = Literal["query", "stem", "within", "section"]
"""What an alternative changes; the name of its option."""

Spell = Callable[[str, str | None], str]
"""Writes an option and its value (None: only the name) for a command line, a URL or Python."""

_TICKER = lazy_pattern(r"[A-Z]{1,5}(?:[./-][A-Z])?")
_NOT_MIRRORED = "; check its spelling, or mirror it with `edgarchive sync`"


@dataclass(frozen=True, slots=True)
class PartCount:
    """How much one part of a query finds by itself, without filters."""

    text: str
    count: int


@dataclass(frozen=True, slots=True)
class FilterCount:
    """How much the search finds without one of its filters; `values` as given.

    Both dates count as one filter: ``since`` with the first and the last.
    """

    filter: str
    values: tuple[str, ...]
    without: int

    @property
    def given(self) -> tuple[tuple[str, str], ...]:
        """The name and value of each option that was given."""
        names = ("since", "until") if self.filter == "since" else (self.filter,) * len(self.values)
        return tuple(zip(names, self.values, strict=False))


@dataclass(frozen=True, slots=True)
class UnknownValue:
    """A filter's value that nothing in the archive has.

    `near` is a similar one with which the search finds `count`; None if there is none. `query` is the query with it,
    for a value in the query.
    """

    filter: str
    value: str
    near: str | None = None
    count: int = 0
    query: str | None = None


@dataclass(frozen=True, slots=True)
class EmptySpan:
    """Dates, or runs, in which the archive has nothing at all.

    `filter` is ``filed`` or ``added``, or ``run`` for runs that added something. `asked` is the condition in words
    (``was filed since 2099-01-01``); `first` and `last` are the first and last there is: ISO dates, or the last run.
    """

    filter: Literal["filed", "added", "run"]
    asked: str
    first: str | None
    last: str | None


@dataclass(frozen=True, slots=True)
class Alternative:
    """A change with which the search finds `count`: of ``query``, ``stem``, ``within`` or ``section``."""

    change: Change
    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why a search finds nothing: every number is a count of hits, and every suggestion was tried.

    `total` is what the search itself finds; `query_total` what its query finds without filters, None without a query.
    `parts` are those of the query, counted if the query by itself finds nothing. `filters` are those without which
    there are hits, `unknown` their values that nothing in the archive has, `spans` the dates in which it has nothing,
    and `forms_without_items` forms for which an item was requested although no filing here has one. `alternatives` have
    hits. `is_complete`: everything was tried within the time limit. `is_empty`: the archive has nothing at all.
    """

    total: int
    query_total: int | None = None
    parts: tuple[PartCount, ...] = ()
    filters: tuple[FilterCount, ...] = ()
    unknown: tuple[UnknownValue, ...] = ()
    forms_without_items: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    is_complete: bool = True
    spans: tuple[EmptySpan, ...] = ()
    is_empty: bool = False

    def lines(self, spell: Spell | None = None) -> tuple[str, ...]:
        """The diagnosis in words: `facts`, then suggestions; `spell` writes options."""
        return (*self.facts(), *self._remedies(spell or _named))

    def facts(self) -> tuple[str, ...]:
        """The reasons in words, one per line, without the unknown values."""
        return tuple(self._facts())

    def unknown_lines(self) -> tuple[str, ...]:
        """The unknown values in words, one per line."""
        return tuple(
            f"nothing in this archive has the {one.filter} {one.value}"
            + (f"; did you mean {one.near}? ({_hits(one.count)})" if one.near else _without_near(one))
            for one in self.unknown
        )

    def warn_of_unknown(self, shown: Callable[[str], str] = str) -> None:
        """Log a warning for each unknown value; `shown` makes its line fit to be shown."""
        for one, line in zip(self.unknown, self.unknown_lines(), strict=True):
            _log.warning("%s", shown(line), extra=event("value-unknown", kind=one.filter, value=one.value))

    def to_dict(self) -> dict[str, Any]:
        """The diagnosis as a JSON object, with `lines` as ``"text"``."""
        found = {name: value for name, value in asdict(self).items() if name != "total"}
        return found | {"text": [*self.unknown_lines(), *self.lines()]}

    def _facts(self) -> Iterator[str]:
        if self.is_empty:
            yield "this archive is empty; fill it with `edgarchive sync`"
        yield from map(_of_span, self.spans)
        if any(part.count for part in self.parts) or len(self.parts) > 1:
            yield ", ".join([*(f"`{part.text}` {part.count:,}" for part in self.parts), "together 0"])
        elif self.parts:
            yield f"`{self.parts[0].text}` is nowhere in this archive"
        if self.forms_without_items:
            yield f"{' and '.join(self.forms_without_items)} filings here have no items"
        if self.query_total and not (self.filters or self.unknown or self.spans or self.forms_without_items):
            yield f"without filters: {_hits(self.query_total)}"
        if not self.is_complete:
            yield "not everything was tried, to save time"

    def _remedies(self, spell: Spell) -> Iterator[str]:
        for one in self.filters:
            yield f"without {' '.join(spell(name, value) for name, value in one.given)}: {_hits(one.without)}"
        for alternative in self.alternatives:
            yield f"with {_of_alternative(alternative, spell)}: {_hits(alternative.count)}"


def _of_span(one: EmptySpan) -> str:
    match one.filter:
        case "run":
            rest = "" if one.last is None else f"; the last run is {one.last}"
        case "added":
            rest = "" if one.last is None else f"; the last was added {one.last}"
        case "filed":
            rest = "" if one.first is None else f"; filing dates here: {one.first} to {one.last}"
    return f"nothing here {one.asked}{rest}"


def _of_alternative(one: Alternative, spell: Spell) -> str:
    match one.change:
        case "query":
            return f"`{one.value}`"
        case "stem":
            return spell("stem", None)
        case "within" | "section":
            return spell(one.change, one.value)


def is_xbrl_type(one: UnknownValue) -> bool:
    """Whether the value is the type of XBRL data, which is not indexed."""
    return one.filter == "type" and is_xbrl(type=one.value.upper(), filename=None, description=None)


def _without_near(one: UnknownValue) -> str:
    if is_xbrl_type(one):
        return "; XBRL is stored but not indexed: `edgarchive show ACCESSION --text --xbrl` prints it"
    if one.filter == "name" and _TICKER.fullmatch(one.value):
        return f"{_NOT_MIRRORED}; if it is a ticker, search by ticker"
    return _NOT_MIRRORED


def _hits(count: int) -> str:
    return f"{count:,} hit{'' if count == 1 else 's'}"


def _named(option: str, value: str | None) -> str:
    return option if value is None else f"{option} {value}"
