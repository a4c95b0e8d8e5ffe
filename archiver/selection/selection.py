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
    """What a kind that was not given has, as opposed to an empty list that was."""

    __slots__ = ()


_ANYTHING = _Anything()


@dataclass(frozen=True, slots=True, init=False)
class Selection:
    """Which submissions to mirror. Values of one kind are alternatives; different kinds must all hold.

    `form`, `cik`, `ticker` and `name` take one value or several, as in a search. Forms are in EDGAR's spelling in any
    case, or globs (``8-K*``). A ticker stands for the CIKs that EDGAR's list of tickers gives it, beside those of
    `cik`. A name matches company names by words, in any order (`archiver.selection.names`). `since` and `until` are
    filing dates, inclusive, as dates or ISO text; a year or month (``2015``, ``"2015-06"``) stands for its first or
    last day. `limit` selects only that many submissions, the newest. Raises `IdentifierError` or `UsageError` for
    values that cannot be used; an empty list never means "any". `forms`, `ciks`, `tickers` and `names` are what was
    read, and may be given instead.

    >>> Selection("8-K", cik="0001056386", since="2004-12-01").ciks
    (1056386,)
    """

    forms: tuple[str, ...]
    ciks: tuple[Cik, ...]
    tickers: tuple[str, ...]
    names: tuple[str, ...]
    since: date | None
    until: date | None
    limit: int | None
    _cik_set: frozenset[int] = field(init=False, repr=False, compare=False)
    name_patterns: tuple[NamePattern, ...] = field(init=False, repr=False, compare=False)
    _form_verdicts: dict[str, bool] = field(init=False, repr=False, compare=False)

    def __init__(
        self,
        form: str | Iterable[str] | None = None,
        *,
        cik: int | str | Iterable[int | str] | None = None,
        ticker: str | Iterable[str] | None = None,
        name: str | Iterable[str] | None = None,
        since: date | str | int | None = None,
        until: date | str | int | None = None,
        limit: int | None = None,
        forms: str | Iterable[str] | None = None,
        ciks: int | str | Iterable[int | str] | None = None,
        tickers: str | Iterable[str] | None = None,
        names: str | Iterable[str] | None = None,
    ) -> None:
        self._set("forms", _several("form", form, forms))
        given = _several("cik", cik, ciks)
        self._set("ciks", tuple(Cik(value) for value in given) or given)
        self._set("tickers", _several("ticker", ticker, tickers))
        self._set("names", _several("name", name, names))
        self._set("since", _as_date(since, last=False))
        self._set("until", _as_date(until, last=True))
        self._set("limit", limit)
        self._set("_cik_set", frozenset(int(value) for value in self.ciks))
        self._set("name_patterns", tuple(NamePattern(one) for one in self.names))
        self._set("_form_verdicts", {})
        if not all(form.strip() for form in self.forms):
            raise UsageError("an empty form selects nothing", "name one, such as 8-K, or '*' for all forms")
        if several := next((form for form in self.forms if "," in form), None):
            raise UsageError(f"{several[:40]!r} is not one form", "give each form by itself, without commas")
        if not all(pattern.words for pattern in self.name_patterns):
            raise UsageError("a name without letters or digits selects nothing", "give one or more words of the name")
        if self.since and self.until and self.since > self.until:
            raise UsageError(f"since {self.since} is after until {self.until}", "swap the two dates")
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"limit {self.limit} selects nothing", "give a limit of 1 or more")

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

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
        return (
            (not self._cik_set or entry.cik in self._cik_set)
            and (not self.forms or self._takes_form(entry.form))
            and (self.since is None or entry.filing_date >= self.since)
            and (self.until is None or entry.filing_date <= self.until)
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


def _several(kind: str, given: Any, plural: Any) -> tuple[Any, ...]:
    """The values given for `kind` by either of its names. Raises `UsageError` for both, or for an empty list."""
    if given is not None and plural is not None:
        raise UsageError(f"{kind} and {kind}s are the same", f"give only {kind}")
    values = plural if given is None else given
    if values is None or isinstance(values, _Anything):
        return _ANYTHING
    read = (values,) if isinstance(values, (str, int)) else tuple(values)
    if not read:
        raise UsageError(f"{kind} is an empty list, which selects nothing", f"leave {kind} out to select any")
    return read


def _as_date(value: date | str | int | None, *, last: bool) -> date | None:
    return parse_date_span(str(value))[last] if isinstance(value, (str, int)) else value
