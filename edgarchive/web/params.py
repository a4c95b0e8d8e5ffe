"""Query parameters as search options, with the names of the command line's options, repeated for alternatives."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from multidict import MultiDict, MultiMapping
from yarl import URL

from archiver.errors import UsageError
from archiver.startup.dataclass import dataclass
from edgarchive.web.archive import ServedArchive
from edgarchive.web.edgar.tickers import cik_of
from indexer.fields import BY_NAME, FACETS, Facet
from indexer.search.options import SEVERAL, SearchOptions
from indexer.sections.forms import names_in

MAX_LIMIT = 1000
DEFAULT_LIMIT = 20
MAX_PARAMETERS = 200
WORDS = "q"
PLACE = "place"
"""The place of a document in its filing, from 1, where its number does not tell it."""
COMPANY = "company"
"""A company's name, CIK or ticker (`named_company`)."""
BOM = "bom"
"""Whether CSV starts with a byte order mark."""

SPANS = {"30d": 30, "1y": 365, "5y": 5 * 365 + 1, "10y": 10 * 365 + 2}
"""Presets for dates, as days before today."""

_ONE_OF_EACH = frozenset({"form", "type"})
_COMPANY_FILTERS = (COMPANY, "cik", "ticker")
_NUMBERS = frozenset({"passages", "context_words"})
_OPTIONS = {"context": "context_words"}
"""Options of the command line whose parameter has another name, apart from dashes and ``--no-amendments``."""
_WITHOUT = "no_amendments"
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}
_LISTS = frozenset(name for name in SEVERAL if not BY_NAME[name].may_have_commas)
"""The filters in which a comma separates values (``form=8-K,10-K``, as people type them)."""

_NOT_ASKED = {"query", "snippets", "limit", "offset"}
_FIELDS = {field.name: field for field in dataclasses.fields(SearchOptions) if field.name not in _NOT_ASKED}


def option_fields() -> dict[str, dataclasses.Field[Any]]:
    """The search options that are parameters, by name."""
    return dict(_FIELDS)


@dataclass(frozen=True, slots=True)
class SearchParameters:
    """The parsed request: the search itself, and the form of the response."""

    options: SearchOptions
    facets: tuple[Facet, ...] = ()


def asks_anything(query: MultiMapping[str]) -> bool:
    """Whether there is anything to search for: otherwise it is the start page that is asked for."""
    return any(text.strip() for name, text in query.items() if name not in {"limit", "facet"})


def read_search(query: MultiMapping[str], *, max_limit: int | None = MAX_LIMIT) -> SearchParameters:
    """Parse the parameters of a search, except COMPANY (`named_company`). A limit above `max_limit` is lowered to it.

    Raises `UsageError` for an unknown parameter, naming a similar one, and for an invalid value.
    """
    query = _split(query)
    check_names(query, WORDS, "limit", "offset", "facet", "range", *_FIELDS)
    values: dict[str, Any] = {name: _value(name, query.getall(name)) for name in _FIELDS if name in query}
    values = {name: value for name, value in values.items() if value is not None}
    if (span := query.get("range")) and span != "all":
        if span not in SPANS:
            raise UsageError(f"there is no range {span[:20]!r}", f"choose from: {', '.join([*SPANS, 'all'])}")
        values.setdefault("since", date.today() - timedelta(days=SPANS[span]))  # noqa: DTZ011 — a filing date has no zone
    limit = _number(query, "limit", DEFAULT_LIMIT)
    options = SearchOptions(
        query.get(WORDS, "").strip() or None,
        **values,
        limit=limit if max_limit is None else min(limit, max_limit),
        offset=_number(query, "offset", 0),
    )
    wanted = [name for text in query.getall("facet", []) for name in text.split(",") if name]
    return SearchParameters(options, tuple(dict.fromkeys(map(_facet, wanted))))


def check_names(query: MultiMapping[str], *known: str) -> None:
    """Raise `UsageError` for a parameter not among `known`, naming a similar one, or for too many parameters."""
    if len(query) > MAX_PARAMETERS:
        raise UsageError(f"more than {MAX_PARAMETERS} parameters", "ask for less at once")
    for name in query:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else "see /openapi.json"
            raise UsageError(f"there is no parameter {name[:40]!r}", hint)


def _facet(name: str) -> Facet:
    found = next((facet for facet in FACETS if facet == name), None)
    if found is None:
        raise UsageError(f"there is no facet {name[:20]!r}", f"choose from: {', '.join(FACETS)}")
    return found


async def named_company(archive: ServedArchive, query: MultiMapping[str]) -> MultiMapping[str]:
    """`query` with the parameter COMPANY replaced by ``cik`` if it is a CIK or ticker, else by ``name``."""
    texts = [text.strip() for text in query.getall(COMPANY, []) if text.strip()]
    found = MultiDict((name, text) for name, text in query.items() if name != COMPANY)
    for text in texts:
        cik = await cik_of(archive, text)
        found.add("name" if cik is None else "cik", text if cik is None else str(int(cik)))
    return found


def _split(query: MultiMapping[str]) -> MultiMapping[str]:
    """`query` with the values of `_LISTS` separated at commas, and options of the command line as our parameters."""
    given = (_parameter(name, text) for name, text in query.items())
    return MultiDict((name, value) for name, text in given for value in values_of(name, text))


def _parameter(name: str, text: str) -> tuple[str, str]:
    """The parameter for an option of the command line: ``added-since``, ``context``, ``no-amendments``."""
    plain = name.replace("-", "_")
    plain = _OPTIONS.get(plain, plain)
    if plain == _WITHOUT:
        return "amendments", "0" if read_flag(name, text) else ""
    return (plain if plain in _FIELDS else name), text


def values_of(name: str, text: str) -> list[str]:
    """The values in the text of a parameter; the comma in ``Part I, Item 1A`` separates none."""
    if name not in _LISTS:
        return [text]
    values = names_in(text) if name == "section" else text.split(",")
    return [value.strip() for value in values if value.strip()]


def list_of(name: str, texts: Sequence[str]) -> str:
    """The text of a form's field that means all of `texts`, values of the parameter `name`: see `values_of`."""
    return ", ".join(text for text in texts if text.strip()) if name in _LISTS else texts[-1] if texts else ""


def _value(name: str, texts: list[str]) -> Any:
    """The value of the option `name`; None if its field is blank, as forms send it."""
    default = _FIELDS[name].default
    if isinstance(default, bool) or "bool" in str(_FIELDS[name].type):
        return read_flag(name, texts[-1]) if texts[-1].strip() else default
    if name in _NUMBERS:
        return _read_number(name, texts[-1]) if texts[-1].strip() else _FIELDS[name].default
    if name not in SEVERAL:
        return texts[-1].strip() or None
    return [text.strip() for text in texts if text.strip()] or None


def read_flag(name: str, text: str) -> bool:
    """The flag in the text of the parameter `name`. Raises `UsageError`."""
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise UsageError(f"{name} cannot be {text[:20]!r}", "give 1 or 0")


def _number(query: MultiMapping[str], name: str, default: int) -> int:
    text = query.get(name, "").strip()
    return _read_number(name, text) if text else default


def _read_number(name: str, text: str) -> int:
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:  # noqa: PLR2004 — far above any archive's size
        return int(text)
    raise UsageError(f"{name} cannot be {text[:20]!r}", "give a number, 0 or more")


def with_changes(url: URL, changes: Mapping[str, str | None]) -> str:
    """The path and query of `url` with parameters replaced, or (None) removed."""
    query = url.query.copy()
    for name, value in changes.items():
        query.popall(name, None)
        if value is not None:
            query.add(name, value)
    return str(url.with_query(query))


def narrowed(url: URL, name: str, value: str) -> str:
    """The path and query of `url`, with the condition that the filter `name` has `value`, at the first page.

    Another value of a filter would be an alternative. Where a filter is there already, the value replaces it if a
    filing has only one (`_ONE_OF_EACH`), else it becomes a condition in the query.
    """
    given = any(url.query.get(one, "").strip() for one in (_COMPANY_FILTERS if name == "cik" else (name,)))
    if not given or name in _ONE_OF_EACH:
        return with_changes(url, {name: value, "offset": None})
    words = url.query.get(WORDS, "").strip()
    condition = f"{name}:{value}"
    if words and condition != words and not words.endswith(f" {condition}"):
        words = f"{words if words.isalnum() else f'({words})'} {condition}"
    return with_changes(url, {WORDS: words or condition, "offset": None})


def without_value(url: URL, name: str, value: str) -> str:
    """The path and query of `url` without one value of a filter, starting at the first page."""
    query = url.query.copy()
    query.popall("offset", None)
    for text in query.popall(name, []):
        if kept := [one for one in values_of(name, text) if one != value]:
            query.add(name, ",".join(kept))
    return str(url.with_query(query))


def reader_url(accession: str, number: int, place: int) -> URL:
    """The page of the document with this number, at this place among the documents of the filing."""
    return URL(f"/filing/{accession}/{number}").with_query({} if place == number else {PLACE: place})
