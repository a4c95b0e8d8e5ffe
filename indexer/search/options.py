"""What a search is asked for, as one value: `SearchOptions`.

Every place that searches takes these options: an option that is added here is an argument of `Library.search` and
`AsyncLibrary.search` at once.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, date, datetime
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, cast, get_args

from archiver.errors import UsageError
from archiver.identifiers import parse_date_span
from indexer.engine import Sort
from indexer.query.filters import Filters
from indexer.query.scopes.filings import Unit

P = ParamSpec("P")
S = TypeVar("S")
R = TypeVar("R")

Texts = str | Iterable[str] | None
"""One value, or several that are alternatives: a list, a set, a column of a data frame. None: no filter."""
Ciks = int | str | Iterable[int | str] | None
Day = date | str | int | None
"""A day as `date` or ISO text, or a year or month (``2015``, ``"2015-06"``)."""

Added = date | datetime | str | int | None
"""A day or moment (UTC), as a value or ISO text, a year or month, or the number of a run (``12``, ``"run:12"``)."""

_RUN = "run:"
_RUN_NUMBER = re.compile(rf"(?:{_RUN}\s*([0-9]{{1,9}})|([0-9]{{1,7}}))")

_SEVERAL = ("cik", "ticker", "form", "item", "name", "type", "section", "series", "sic", "state")
_FLAGS = ("main", "exhibits", "amendments")
_FILTERS = (*_SEVERAL, *_FLAGS, "since", "until", "added_since")


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """What to search for, which filters must hold, and how the hits are to come.

    `query` is of the query language (docs/query-language.md); without one, what the filters select comes, newest first.
    A filter takes one value or several, which are alternatives; an empty list of values is an error. A `ticker` stands
    for its CIK, beside those of `cik`. `main` and `exhibits` choose documents: those that are no exhibit, picture or
    data, or the exhibits. `amendments` keeps only forms that end in ``/A``, or, with False, only others. `since` and
    `until` are filing dates, inclusive: a year or month stands for its first or last day. `added_since` keeps what came
    into the archive on a day (UTC) or later, at a moment (to the second; UTC where it has no zone) or later, or by a
    run or a later one: a number from 1900 to 2199 is a year there, any other a run, and ``run:2024`` always a run.
    `sort` is ``relevance``, ``newest``, ``oldest`` or ``added`` (the last added first). `limit` hits come from `offset`
    on, or, with None, all, each made when it is reached; one per submission, or one per document with `documents`. With
    `stem`, words of text also match words with the same English stem. All words must stand `within` one ``document``,
    or one ``filing``, in whichever of the documents that the filters select; phrases and near words always stand in one
    document. A hit has the `passages` best passages of its document, besides its snippet; `context_words` are shown on
    each side of their matches, by default about 240
    characters in all.

    The values are normalised: several as a tuple, days as `date`. Raises `UsageError` for a value without meaning.
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
        if self.sort is not None and self.sort not in get_args(Sort):
            raise UsageError(f"cannot sort by {self.sort!r}", f"choose one of: {', '.join(get_args(Sort))}")
        if self.within not in get_args(Unit):
            raise UsageError(f"cannot search within {self.within!r}", f"choose one of: {', '.join(get_args(Unit))}")
        if (self.limit or 0) < 0 or self.offset < 0:
            raise UsageError("limit and offset cannot be negative", "give 0 or more")
        if self.passages < 0 or (self.context_words or 0) < 0:
            raise UsageError("passages and context_words cannot be negative", "give 0 or more")
        for name in _SEVERAL:
            self._set(name, several(name, getattr(self, name)))
        self._set("since", _day(self.since, last=False))
        self._set("until", _day(self.until, last=True))
        self._set("added_since", _added(self.added_since))

    def filters(self) -> Filters:
        """The filters alone. Tickers are not among them: which CIKs they stand for is for the library to say."""
        values = {name: getattr(self, name) for name in (*_SEVERAL, *_FLAGS) if name != "ticker"}
        start = self.added_since
        added = int(start.removeprefix(_RUN)) if isinstance(start, str) else start
        return Filters(**values, since=self.first_day, until=self.last_day, added_since=added)

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
        """The names of the filters that are not at their defaults."""
        return tuple(name for name in _FILTERS if getattr(self, name) != _default(name))

    def without(self, *names: str) -> Self:
        """The same options with these at their defaults."""
        return self.replace(**{name: _default(name) for name in names})

    def in_year(self, year: int) -> Self:
        """The same options for filings of one year alone, as far as they allow it."""
        first, last = date(year, 1, 1), date(year, 12, 31)
        return self.replace(since=max(first, self.first_day or first), until=min(last, self.last_day or last))

    def replace(self, **changes: Any) -> Self:
        """The same options with some of them changed."""
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """The options that are not at their defaults, as JSON has them; ``SearchOptions(**options)`` reads them."""
        return {
            field.name: value.isoformat() if isinstance(value, date) else value
            for field in dataclasses.fields(self)
            if (value := getattr(self, field.name)) != field.default
        }

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


def _default(name: str) -> object:
    return SearchOptions.__dataclass_fields__[name].default


def several(name: str, values: object) -> tuple[Any, ...] | None:
    """The values of the filter `name` as a tuple, None where it is not given. Raises `UsageError` for an empty one."""
    if values is None:
        return None
    if isinstance(values, (str, int, float)) or not isinstance(values, Iterable):
        values = (values,)
    elif isinstance(values, (bytes, Mapping)):
        raise UsageError(f"{name} cannot be {type(values).__name__}", "give one value, or a list of values")
    found = tuple(dict.fromkeys(_plain(value) for value in values))
    if not found:
        raise UsageError(f"an empty list for {name} would select nothing", "give at least one value, or leave it out")
    return found


def _plain(value: Any) -> Any:
    """A number of numpy or pandas as Python's own: a column with gaps has its integers as floats."""
    value = value.item() if hasattr(value, "item") and hasattr(value, "dtype") else value
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _day(value: Day, *, last: bool) -> date | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    return parse_date_span(str(value).partition("T")[0])[last]


def _added(value: Added) -> date | datetime | str | None:
    """A date, a moment in UTC, or ``run:`` with a number. Raises `UsageError`."""
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
    """Whether a number looks like a year, or like one with a month, which nobody writes so for a run."""
    return len(number) in {4, 6} and 1900 <= int(number[:4]) <= 2199  # noqa: PLR2004


def takes_options(
    options: Callable[P, SearchOptions],
) -> Callable[[Callable[[S, SearchOptions], R]], Callable[Concatenate[S, P], R]]:
    """Let a method that works on `SearchOptions` be called with their values as arguments."""

    def decorate(method: Callable[[S, SearchOptions], R]) -> Callable[Concatenate[S, P], R]:
        if inspect.iscoroutinefunction(method):

            @functools.wraps(method)
            async def call(self: S, /, *args: P.args, **values: P.kwargs) -> Any:
                return await method(self, options(*args, **values))

        else:

            @functools.wraps(method)
            def call(self: S, /, *args: P.args, **values: P.kwargs) -> Any:
                return method(self, options(*args, **values))

        signature = inspect.signature(method)
        parameters = [signature.parameters["self"], *inspect.signature(options).parameters.values()]
        call.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        return cast("Callable[Concatenate[S, P], R]", call)

    return decorate
