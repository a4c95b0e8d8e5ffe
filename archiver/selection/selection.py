"""What to mirror: forms, CIKs, tickers, names, dates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field, fields, replace
from datetime import date
from typing import Any

from archiver.errors import UsageError
from archiver.identifiers import Cik, form_matches, parse_date_span
from archiver.model import MasterIndexEntry
from archiver.selection.names import NamePattern
from archiver.startup.dataclass import dataclass


class _Anything(tuple[Any, ...]):
    """The default of an argument that was not given, as opposed to an empty list that was."""

    __slots__ = ()


_ANYTHING = _Anything()


@dataclass(frozen=True, slots=True)
class Selection:
    """Which submissions to mirror. Values of one kind are alternatives; different kinds must all hold.

    `forms` take EDGAR's spelling in any case and globs (``8-K*``). `tickers` stand for the CIKs that EDGAR's list of
    tickers gives them, beside `ciks`. `names` match company names by words, in any order (`archiver.selection.names`).
    `since` and `until` are filing dates, inclusive, as dates or ISO text; a year or month (``2015``, ``"2015-06"``)
    stands for its first or last day. `limit` selects only that many submissions, the newest. Raises `IdentifierError`
    or `UsageError` for values that cannot be used; an empty list never means "any".

    >>> Selection(forms=["8-K"], ciks=["0001056386"], since="2004-12-01").ciks
    (1056386,)
    """

    forms: Sequence[str] = _ANYTHING
    ciks: Sequence[int | str] = field(default=_ANYTHING, kw_only=True)
    tickers: Sequence[str] = field(default=_ANYTHING, kw_only=True)
    names: Sequence[str] = field(default=_ANYTHING, kw_only=True)
    since: date | str | int | None = field(default=None, kw_only=True)
    until: date | str | int | None = field(default=None, kw_only=True)
    limit: int | None = field(default=None, kw_only=True)
    _cik_set: frozenset[int] = field(init=False, repr=False, compare=False)
    name_patterns: tuple[NamePattern, ...] = field(init=False, repr=False, compare=False)
    _form_verdicts: dict[str, bool] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        for kind in ("forms", "ciks", "tickers", "names"):
            values = getattr(self, kind)
            if isinstance(values, str):
                raise UsageError(f"{kind} is a single string", f"give a list: {kind}=[{values!r}]")
            if isinstance(values, _Anything):
                continue
            read = tuple(Cik(value) for value in values) if kind == "ciks" else tuple(values)
            if not read:
                raise UsageError(f"{kind} is an empty list, which selects nothing", f"leave {kind} out to select any")
            self._set(kind, read)
        self._set("since", _as_date(self.since, last=False))
        self._set("until", _as_date(self.until, last=True))
        self._set("_cik_set", frozenset(int(value) for value in self.ciks))
        self._set("name_patterns", tuple(NamePattern(name) for name in self.names))
        if not all(form.strip() for form in self.forms):
            raise UsageError("an empty form selects nothing", "name one, such as 8-K, or '*' for all forms")
        if several := next((form for form in self.forms if "," in form), None):
            raise UsageError(f"{several[:40]!r} is not one form", "give each form by itself, without commas")
        if not all(pattern.words for pattern in self.name_patterns):
            raise UsageError("a name without letters or digits selects nothing", "give one or more words of the name")
        if self.first_day and self.last_day and self.first_day > self.last_day:
            raise UsageError(f"since {self.since} is after until {self.until}", "swap the two dates")
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"limit {self.limit} selects nothing", "give a limit of 1 or more")

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @property
    def first_day(self) -> date | None:
        """`since` as a date."""
        return _as_date(self.since, last=False)

    @property
    def last_day(self) -> date | None:
        """`until` as a date."""
        return _as_date(self.until, last=True)

    def require_narrow(self) -> None:
        """Raise `UsageError` if nothing narrows it: all of EDGAR is 16 TB and must be requested with ``*``."""
        if not any(getattr(self, kind.name) for kind in fields(self) if kind.init):
            raise UsageError(
                "nothing is selected", "name forms, CIKs, tickers, names or dates; the form '*' is all of EDGAR"
            )

    def with_ciks(self, ciks: Iterable[Cik]) -> Selection:
        """The same selection with its tickers replaced by `ciks`."""
        return replace(self, tickers=_ANYTHING, ciks=(*self.ciks, *ciks))

    def matches(self, entry: MasterIndexEntry) -> bool:
        """Whether an index row is selected. Tickers must have been replaced by CIKs."""
        first, last = self.since, self.until
        return (
            (not self._cik_set or entry.cik in self._cik_set)
            and (not self.forms or self._takes_form(entry.form))
            and (not isinstance(first, date) or entry.filing_date >= first)
            and (not isinstance(last, date) or entry.filing_date <= last)
            and (not self.name_patterns or any(one.matches(entry.company_name) for one in self.name_patterns))
        )

    def _takes_form(self, form: str) -> bool:
        """Whether a form is selected; cached, since every row asks for one of a few hundred forms."""
        verdict = self._form_verdicts.get(form)
        if verdict is None:
            verdict = self._form_verdicts[form] = form_matches(form, self.forms)
        return verdict


def as_selections(selection: Selection | Sequence[Selection]) -> tuple[Selection, ...]:
    """One or several selections as a tuple. Raises `UsageError` if empty, or if nothing narrows one of them."""
    selections = (selection,) if isinstance(selection, Selection) else tuple(selection)
    for one in selections or (Selection(),):
        one.require_narrow()
    return selections


def _as_date(value: date | str | int | None, *, last: bool) -> date | None:
    return parse_date_span(str(value))[last] if isinstance(value, (str, int)) else value
