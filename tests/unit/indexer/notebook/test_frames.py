"""Data frames of hits, by the libraries that make them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from archiver.errors import UsageError
from indexer.notebook import frames
from indexer.search.hits import ROW_COLUMNS
from indexer.search.results import Results
from tests.unit.hits import made_up_hit


@pytest.fixture
def results() -> Results:
    """Two hits, of which one has no document."""
    return Results(None, 2, 0.0, (made_up_hit(), made_up_hit()))


def test_pandas_has_real_dates(results: Results) -> None:
    """Dates compare as dates, numbers may be missing, and no hits have the same columns and types."""
    frame = results.to_pandas()
    assert list(frame.columns) == list(ROW_COLUMNS)
    assert frame["filing_date"].dt.year.tolist() == [2004, 2004]
    assert (frame["filing_date"] < pd.Timestamp("2005-01-01")).all()
    assert frame["acceptance_datetime"].isna().all()
    assert frame["ciks"].tolist() == [[320], [320]]
    empty = Results(None, 0, 0.0, ()).to_pandas()
    assert list(empty.dtypes) == list(frame.dtypes)
    assert len(empty) == 0


def test_polars_has_real_dates(results: Results) -> None:
    """Types are told, not guessed: no hits have the same."""
    frame = results.to_polars()
    assert frame.schema["filing_date"] == pl.Date
    assert frame.schema["ciks"] == pl.List(pl.Int64)
    assert frame["filing_date"].to_list() == [date(2004, 12, 22)] * 2
    assert Results(None, 0, 0.0, ()).to_polars().schema == frame.schema


def test_arrow_has_real_dates(results: Results) -> None:
    """So that Parquet and DuckDB take them."""
    table = results.to_arrow()
    assert table.schema.field("filing_date").type == pa.date32()
    assert table.column("names").to_pylist() == [["ACME WIDGETS INC", "NOBODY"]] * 2
    assert Results(None, 0, 0.0, ()).to_arrow().schema == table.schema


@pytest.mark.parametrize("make", [frames.to_pandas, frames.to_polars, frames.to_arrow])
def test_a_package_that_is_missing_is_named(make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """With what installs it."""
    name = make.__name__.removeprefix("to_").replace("arrow", "pyarrow")
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UsageError, match=f"this needs the package {name}; `pip install {name}`"):
        make([], ROW_COLUMNS)
