"""Rows of hits and sections as data frames of pandas, polars or Arrow, with real dates."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from archiver.errors import UsageError

Kind = Literal["text", "texts", "integer", "integers", "number", "date", "moment", "flag"]

_KINDS: dict[str, Kind] = {
    "cik": "integer",
    "filing_date": "date",
    "acceptance_datetime": "moment",
    "period_of_report": "date",
    "period": "date",
    "added": "moment",
    "items": "texts",
    "ciks": "integers",
    "names": "texts",
    "passages": "texts",
    "sequence": "integer",
    "words": "integer",
    "score": "number",
    "items_derived": "flag",
    "is_reference": "flag",
}
"""The kind of each column; all others are text."""


def to_pandas(rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> Any:
    """A `pandas.DataFrame`; dates and times are ``datetime64[s]``. Raises `UsageError` if pandas is missing."""
    pandas = _package("pandas")
    numpy = _package("numpy")
    values = _by_column(rows, columns)
    series = {}
    for name, column in values.items():
        kind = _kind(name)
        if kind in {"date", "moment"}:
            series[name] = pandas.Series(numpy.array(column, dtype="datetime64[s]"))
        else:
            dtype = {"integer": "Int64", "number": "float64", "flag": "bool"}.get(kind, "object")
            series[name] = pandas.Series(column, dtype=dtype)
    return pandas.DataFrame(series, columns=list(columns))


def to_polars(rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> Any:
    """A `polars.DataFrame`. Raises `UsageError` if polars is not installed."""
    polars = _package("polars")
    types: dict[Kind, Any] = {
        "text": polars.String,
        "texts": polars.List(polars.String),
        "integer": polars.Int64,
        "integers": polars.List(polars.Int64),
        "number": polars.Float64,
        "date": polars.Date,
        "moment": polars.Datetime("us"),
        "flag": polars.Boolean,
    }
    return polars.DataFrame(_by_column(rows, columns), schema={name: types[_kind(name)] for name in columns})


def to_arrow(rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> Any:
    """A `pyarrow.Table`. Raises `UsageError` if pyarrow is not installed."""
    arrow = _package("pyarrow")
    types: dict[Kind, Any] = {
        "text": arrow.string(),
        "texts": arrow.list_(arrow.string()),
        "integer": arrow.int64(),
        "integers": arrow.list_(arrow.int64()),
        "number": arrow.float64(),
        "date": arrow.date32(),
        "moment": arrow.timestamp("us"),
        "flag": arrow.bool_(),
    }
    return arrow.table(_by_column(rows, columns), schema=arrow.schema([(name, types[_kind(name)]) for name in columns]))


def _kind(column: str) -> Kind:
    return _KINDS.get(column, "text")


def _by_column(rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> dict[str, list[Any]]:
    values: dict[str, list[Any]] = {name: [] for name in columns}
    for row in rows:
        for name, column in values.items():
            column.append(_without_zone(row[name]))
    return values


def _without_zone(value: Any) -> Any:
    """A time with a zone converted to UTC without one, since date and time columns have no zone."""
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) and value.tzinfo else value


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        raise UsageError(f"this needs the package {name}", f"`pip install {name}`") from None
