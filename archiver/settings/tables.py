"""Tables of a settings file, ``[[select]]`` and ``[[search]]``; imported only if there is one (docs/settings.md)."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from archiver.selection.cik_file import read_ciks
from archiver.selection.selection import Selection


def _as_list(value: object) -> object:
    return (value,) if isinstance(value, (str, int)) else value


_Texts = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
_Ciks = Annotated[tuple[int | str, ...], BeforeValidator(_as_list)]


def _names(singular: str) -> Any:
    """A key that may also be written in the plural."""
    return Field(default=(), validation_alias=AliasChoices(singular, f"{singular}s"))


_KINDS = {
    **dict.fromkeys(("form", "ticker", "name"), "a text or a list of texts"),
    "cik": "a CIK or a list of CIKs",
    **dict.fromkeys(("since", "until"), "a date, a month or a year"),
    "limit": "a whole number",
}
"""What each key of a ``[[select]]`` table is."""


class SelectTable(BaseModel):
    """One ``[[select]]`` table of a settings file: the arguments of a `Selection`.

    A CIK may be ``@FILE``, which stands for the CIKs of a file, beside the settings file if it is a relative path.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    form: _Texts = _names("form")
    cik: _Ciks = _names("cik")
    ticker: _Texts = _names("ticker")
    name: _Texts = _names("name")
    since: date | str | int | None = None
    until: date | str | int | None = None
    limit: int | None = None

    def selection(self, folder: Path) -> Selection:
        """The selection; `folder` is where the settings file stands. Raises `UsageError`."""
        given: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        if "cik" in given:
            given["cik"] = read_ciks(self.cik, folder=folder)
        return Selection(**given)


class SearchTable(BaseModel):
    """One ``[[search]]`` table of a settings file: a saved search. All other keys are filters of the search."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str
    query: str = ""

    def filters(self) -> dict[str, Any]:
        """The filters, by the names of search options."""
        return dict(self.model_extra or {})


def read_tables(name: str, value: Any) -> tuple[BaseModel, ...]:
    """The tables of the setting `name`. Raises ValueError, with the key that is wrong, for what cannot be one."""
    kind: Any = {"select": SelectTable, "search": SearchTable}[name]
    try:
        return TypeAdapter(tuple[kind, ...]).validate_python(value)
    except ValidationError as error:
        raise ValueError(_first_fault(name, error, list(kind.model_fields))) from None


def _first_fault(name: str, error: ValidationError, known: Sequence[str]) -> str:
    """The first fault that pydantic found, in our words."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    table, key = (*first["loc"], None, None)[:2]
    if key is None:
        return f"it must be tables, each below a line [[{name}]]"
    match first["type"]:
        case "missing":
            message = "it is missing"
        case "extra_forbidden" | "invalid_key":
            near = difflib.get_close_matches(str(key), known, n=1)
            others = f"known are {', '.join(known)}; settings stand above the first [[{name}]]"
            message = "unknown key, " + (f"did you mean {near[0]!r}?" if near else others)
        case _:
            message = f"it must be {'a text' if name == 'search' else _KINDS[str(key).removesuffix('s')]}"
    return f"table {int(table or 0) + 1}: {key}: {message}"
