"""The parameters of EDGAR's full-text search: texts in a URL, or lists in the body of a request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import date
from typing import Any

from archiver.errors import UsageError
from archiver.identifiers import parse_date
from archiver.startup.dataclass import dataclass

MAX_SIZE = 100
"""The most hits on one page."""

LISTS = frozenset("forms ciks items fileType sics locationCodes filter_forms filter_ciks filter_location".split())
_TEXTS = frozenset("q entityName startdt enddt locationType sort from size page keysTyped".split())


@dataclass(frozen=True, slots=True)
class FullTextQuery:
    """A parsed request to the full-text search. An empty tuple or None means no condition.

    `filter_forms`, `filter_ciks` and `filter_states` narrow what `forms`, `ciks` and `states` allow.
    """

    words: str = ""
    forms: tuple[str, ...] = ()
    without_forms: tuple[str, ...] = ()
    filter_forms: tuple[str, ...] = ()
    ciks: tuple[str, ...] = ()
    filter_ciks: tuple[str, ...] = ()
    name: str | None = None
    items: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    sics: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    state_of_incorporation: bool = False
    filter_states: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    newest_first: bool | None = None
    offset: int = 0
    size: int = MAX_SIZE
    asked: Mapping[str, Any] = field(default_factory=dict)


def read_query(values: Mapping[str, Any]) -> FullTextQuery:
    """Parse the parameters of a request: texts, or lists in a request's body. Raises `UsageError`."""
    lists = {name: tuple(_list(values.get(name))) for name in LISTS}
    texts = {name: text_of(values.get(name)) for name in _TEXTS}
    forms = lists["forms"]
    sort = texts["sort"].lower()
    page = max(1, _number(texts["page"] or "1", "page"))
    size = min(_number(texts["size"] or str(MAX_SIZE), "size"), MAX_SIZE)
    return FullTextQuery(
        words=texts["q"],
        forms=tuple(form.upper() for form in forms if not form.startswith("-")),
        without_forms=tuple(form[1:].upper() for form in forms if form.startswith("-")),
        filter_forms=tuple(form.upper() for form in lists["filter_forms"]),
        ciks=lists["ciks"],
        filter_ciks=lists["filter_ciks"],
        name=texts["entityName"] or None,
        items=lists["items"],
        types=lists["fileType"],
        sics=lists["sics"],
        states=lists["locationCodes"],
        state_of_incorporation="inc" in texts["locationType"].lower(),
        filter_states=lists["filter_location"],
        since=_date(texts["startdt"]),
        until=_date(texts["enddt"]),
        newest_first=None if not sort or "score" in sort or "relev" in sort else "asc" not in sort,
        offset=_number(texts["from"], "from") if texts["from"] else (page - 1) * size,
        size=size,
        asked={name: value for name, value in {**lists, **texts}.items() if value},
    )


def _list(value: Any) -> Iterable[str]:
    """The values of a parameter: a list, or one text with commas."""
    if value is None:
        return []
    parts = value if isinstance(value, list | tuple) else str(value).split(",")
    return [text for part in parts if (text := str(part).strip())]


def text_of(value: Any) -> str:
    """The value of a parameter as one text."""
    if isinstance(value, list | tuple):
        return " ".join(map(str, value)).strip()
    return "" if value is None else str(value).strip()


def _number(text: str, name: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 10:  # noqa: PLR2004 — far above any archive's size
        return int(text)
    raise UsageError(f"{name} must be a number", "give 0 or more")


def _date(text: str) -> date | None:
    return parse_date(text) if text else None
