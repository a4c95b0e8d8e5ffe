"""The options of a search as one value: `SearchOptions`.

Every function that searches accepts these options: a new attribute here is a new argument of `Library.search` and
`AsyncLibrary.search`.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import operator
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import KW_ONLY
from datetime import UTC, date, datetime
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, cast, get_args

from archiver.errors import UsageError
from archiver.identifiers import parse_date_span
from archiver.startup.dataclass import dataclass
from archiver.startup.patterns import lazy_pattern
from indexer.engine import Sort
from indexer.fields import BY_NAME
from indexer.query.filters import Filters
from indexer.query.scopes.filings import Unit

P = ParamSpec("P")
S = TypeVar("S")
R = TypeVar("R")

Texts = str | Iterable[str] | None
"""One value or several alternatives: a list, a set, a column of a data frame. None means no filter."""
Ciks = int | str | Iterable[int | str] | None
Day = date | str | int | None
"""A day as `date` or ISO text, or a year or month (``2015``, ``"2015-06"``)."""

Added = date | datetime | str | int | None
"""A day or time (UTC) as a value or ISO text, a year or month, or the number of a run (``12``, ``"run:12"``)."""

_RUN = "run:"
_RUN_NUMBER = lazy_pattern(rf"(?:{_RUN}\s*([0-9]{{1,9}})|([0-9]{{1,7}}))")

_FILTERS = ("ticker", *(field.name for field in dataclasses.fields(Filters)))

SEVERAL = ("ticker", *(field.name for field in dataclasses.fields(Filters) if field.name in BY_NAME))
"""The filters that take several values: those that are fields of a query."""


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """A query, filters, and how to return the hits.

    `query` is in the query language (docs/query-language.md). Without one, the submissions that the filters select are
    returned, newest first.

    A filter takes one value or several alternatives; an empty list is an error. A `ticker` adds its CIK to those of
    `cik`. `main` selects documents that are not exhibits, images or data; `exhibits` selects exhibits. `amendments`
    selects forms that end in ``/A``, or, if False, all others. `since` and `until` are filing dates, inclusive; a year
    or month means its first or last day. `added_since` selects what was added to the archive on a day (UTC) or later,
    at a time (to the second; UTC unless it has a zone) or later, or by a run or later runs. A number from 1900 to 2199
    is a year, any other number a run; ``run:2024`` is always a run.

    `sort` is ``relevance``, ``newest``, ``oldest`` or ``added`` (latest additions first). `limit` hits are returned
    from `offset` on; None returns all and makes each one when it is reached. There is one hit per submission, or per
    document if `documents` is set. With `stem`, words of text also match words with the same English stem. All words
    must be `within` one ``document`` or one ``filing``, there in any of the documents that the filters select; phrases
    and near words are always in one document. Each hit has the `passages` best passages of its document in addition to
    its snippet. `context_words` is the number of words on each side of a match, by default about 240 characters in all.

    Values are normalised: several values to a tuple, days to `date`. Raises `UsageError` for a value that cannot be
    interpreted.
    """

    query: str | None = None
    _: KW_ONLY
    cik: Ciks = None
    ticker: Texts = None
    form: Texts = None
    item: Texts = None
    name: Texts = None
    type: Texts = None
    section: Texts = None
    series: Texts = None
    sic: Ciks = None
    state: Texts = None
    main: bool = False
    exhibits: bool = False
    amendments: bool | None = None
    since: Day = None
    until: Day = None
    added_since: Added = None
    sort: Sort | None = None
    limit: int | None = 10
    offset: int = 0
    documents: bool = False
    snippets: bool = True
    stem: bool = False
    within: Unit = "document"
    passages: int = 0
    context_words: int | None = None

    def __post_init__(self) -> None:
        """Normalise the values."""
        if self.query is not None and not isinstance(self.query, str):
            raise UsageError(f"the query is {type(self.query).__name__}, not text", "give words, or leave it out")
        if self.query is not None and not is_unicode(self.query):
            raise UsageError("the query is not valid Unicode", "give it in UTF-8")
        if self.sort is not None and self.sort not in get_args(Sort):
            raise UsageError(f"cannot sort by {self.sort!r}", f"choose one of: {', '.join(get_args(Sort))}")
        if self.within not in get_args(Unit):
            raise UsageError(f"cannot search within {self.within!r}", f"choose one of: {', '.join(get_args(Unit))}")
        for name in ("limit", "offset", "passages", "context_words"):
            self._set(name, _whole(name, getattr(self, name)))
        if (self.limit or 0) < 0 or self.offset < 0:
            raise UsageError("limit and offset cannot be negative", "give 0 or more")
        if self.passages < 0 or (self.context_words or 0) < 0:
            raise UsageError("passages and context_words cannot be negative", "give 0 or more")
        for name in SEVERAL:
            self._set(name, several(name, getattr(self, name)))
        self._set("since", _day(self.since, last=False))
        self._set("until", _day(self.until, last=True))
        self._set("added_since", _added(self.added_since))

    def filters(self) -> Filters:
        """The filters without `ticker`, which the library replaces by CIKs. Raises `UsageError` for a bad date."""
        values = {name: getattr(self, name) for name in _FILTERS if name not in {"ticker", "since", "until"}}
        start = self.added_since
        values["added_since"] = int(start.removeprefix(_RUN)) if isinstance(start, str) else start
        return Filters(**values, since=self.first_day, until=self.last_day)

    @property
    def first_day(self) -> date | None:
        """`since` as a date."""
        return _day(self.since, last=False)

    @property
    def last_day(self) -> date | None:
        """`until` as a date."""
        return _day(self.until, last=True)

    @property
    def is_empty_span(self) -> bool:
        """Whether `since` is after `until`."""
        return self.first_day is not None and self.last_day is not None and self.first_day > self.last_day

    @property
    def given_filters(self) -> tuple[str, ...]:
        """The names of the filters that differ from their defaults."""
        return tuple(name for name in _FILTERS if getattr(self, name) != _default(name))

    def without(self, *names: str) -> Self:
        """A copy with these options at their defaults."""
        return self.replace(**{name: _default(name) for name in names})

    def in_year(self, year: int) -> Self:
        """A copy restricted to filings of `year`."""
        first, last = date(year, 1, 1), date(year, 12, 31)
        return self.replace(since=max(first, self.first_day or first), until=min(last, self.last_day or last))

    def replace(self, **changes: Any) -> Self:
        """A copy with `changes`. Raises `UsageError` as the constructor does."""
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """The options that differ from their defaults, as JSON values. ``SearchOptions(**options)`` restores them."""
        return {
            field.name: value.isoformat() if isinstance(value, date) else value
            for field in dataclasses.fields(self)
            if (value := getattr(self, field.name)) != field.default
        }

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


_ARGUMENTS = (inspect.getdoc(SearchOptions) or "").partition("\n\n")[2]
"""The description of the options, without its title."""


def _default(name: str) -> object:
    return SearchOptions.__dataclass_fields__[name].default


def several(name: str, values: object) -> tuple[Any, ...] | None:
    """The values of the filter `name` as a tuple; None if not given. Raises `UsageError` for an empty list."""
    if values is None:
        return None
    if isinstance(values, (str, int, float)) or not isinstance(values, Iterable):
        values = (values,)
    elif isinstance(values, (bytes, Mapping)):
        raise UsageError(f"{name} cannot be {type(values).__name__}", "give one value, or a list of values")
    found = tuple(dict.fromkeys(_plain(value) for value in values))
    if not found:
        raise UsageError(f"an empty list for {name} would select nothing", "give at least one value, or leave it out")
    if any(map(_is_missing, found)):
        raise UsageError(f"{name} has a missing value (None or NaN)", "leave it out, for example with dropna()")
    if not all(is_unicode(value) for value in found if isinstance(value, str)):
        raise UsageError(f"a value of {name} is not valid Unicode", "give it in UTF-8")
    return found


def is_unicode(text: str) -> bool:
    """Whether `text` can be written as UTF-8: arguments in another encoding, and JSON, may have lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_missing(value: Any) -> bool:
    """None, or what marks a gap in a column: NaN and NaT differ from themselves, and pandas.NA has no truth value."""
    try:
        return value is None or bool(value != value)  # noqa: PLR0124 — true of NaN alone
    except TypeError:
        return True


def _plain(value: Any) -> Any:
    """A number of numpy or pandas as a Python number; in a column with gaps, pandas stores integers as floats."""
    value = value.item() if hasattr(value, "item") and hasattr(value, "dtype") else value
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _whole(name: str, value: Any) -> int | None:
    """A number of Python, numpy or pandas as a Python number; only `limit` and `context_words` may be None."""
    if value is None and name in {"limit", "context_words"}:
        return None
    try:
        return operator.index(_plain(value))
    except TypeError:
        raise UsageError(f"{name} must be a whole number, not {str(value)[:40]!r}", "give 0 or more") from None


def _day(value: Day, *, last: bool) -> date | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    return parse_date_span(str(value).partition("T")[0])[last]


def _added(value: Added) -> date | datetime | str | None:
    """A date, a UTC time, or ``run:`` and a number. Raises `UsageError`."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return value
    text = str(value).strip()
    if run := _RUN_NUMBER.fullmatch(text):
        number = run[1] or run[2]
        if int(number) and (run[1] or not _is_year(number)):
            return f"{_RUN}{int(number)}"
    try:
        if "T" in text or ":" in text:
            return _added(datetime.fromisoformat(text))
        return parse_date_span(text)[0]
    except ValueError:
        raise UsageError(
            f"cannot read {text[:40]!r} as a day or run",
            "give 2026-11-20, 2026-11-20T16:30 (UTC) or the number of a run",
        ) from None


def _is_year(number: str) -> bool:
    """Whether a number looks like a year, or a year and month."""
    return len(number) in {4, 6} and 1900 <= int(number[:4]) <= 2199  # noqa: PLR2004 — digits and years


def _check_names(function: str, given: Iterable[str], known: Collection[str]) -> None:
    """Raise `TypeError` for an argument that `function` does not have, naming a similar one, or else all."""
    for name in given:
        if name not in known:
            import difflib  # noqa: PLC0415 — for a mistake alone

            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it has: {', '.join(known)}"
            raise TypeError(f"{function}() has no argument {name!r}; {hint}")


def takes_options(
    options: Callable[P, SearchOptions],
) -> Callable[[Callable[[S, SearchOptions], R]], Callable[Concatenate[S, P], R]]:
    """Decorate a method that takes `SearchOptions` so that it takes their values as arguments."""
    arguments = inspect.signature(options).parameters
    known = tuple(arguments)

    def decorate(method: Callable[[S, SearchOptions], R]) -> Callable[Concatenate[S, P], R]:
        if inspect.iscoroutinefunction(method):

            @functools.wraps(method)
            async def call(self: S, /, *args: P.args, **values: P.kwargs) -> Any:
                _check_names(method.__name__, values, known)
                return await method(self, options(*args, **values))

        else:

            @functools.wraps(method)
            def call(self: S, /, *args: P.args, **values: P.kwargs) -> Any:
                _check_names(method.__name__, values, known)
                return method(self, options(*args, **values))

        signature = inspect.signature(method)
        parameters = [signature.parameters["self"], *arguments.values()]
        call.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # `inspect` reads it
        call.__doc__ = f"{inspect.getdoc(method)}\n\n{_ARGUMENTS}"  # for ``help(library.search)``
        return cast("Callable[Concatenate[S, P], R]", call)

    return decorate
