"""The dataset card of a folder of Parquet files: a README for the Hugging Face ``datasets`` library."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from archiver.store.durable import write_file_durably
from edgarchive.exporting.tables import Column, Table


def write_card(folder: Path, table: Table, columns: Sequence[Column]) -> Path:
    """Write ``README.md`` to the folder of a table with these columns (https://huggingface.co/docs/hub/datasets-cards).

    Returns its path. Raises `StorageError`.
    """
    rows = "\n".join(f"| `{one.name}` | {one.type} | {one.meaning} |" for one in columns)
    text = f"""---
pretty_name: SEC EDGAR {table.replace("_", " ")}
language:
- en
configs:
- config_name: default
  data_files:
  - split: train
    path: year=*/*.parquet
---

# SEC EDGAR {table.replace("_", " ")}

Exported from a local archive of SEC EDGAR submissions by edgarchive {version("edgarchive")}, by filing year.

Read `year=*/*.parquet` with polars or DuckDB. To read the folder as a whole, as `pandas.read_parquet("{folder.name}")`
does, remove this file, or export with `--no-card`: only the Hugging Face `datasets` library expects it.

| column | type | meaning |
|---|---|---|
{rows}
"""
    path = folder / "README.md"
    write_file_durably(path, text.encode())
    return path
