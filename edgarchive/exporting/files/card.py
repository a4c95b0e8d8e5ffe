"""The dataset card of a folder of Parquet files: a README for the Hugging Face ``datasets`` library."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from archiver.store.durable import write_file_durably
from edgarchive.exporting.tables import COLUMNS, Table


def write_card(folder: Path, table: Table) -> Path:
    """Write ``README.md`` to the folder of a table (https://huggingface.co/docs/hub/datasets-cards).

    Returns its path. Raises `StorageError`.
    """
    columns = "\n".join(f"| `{one.name}` | {one.type} | {one.meaning} |" for one in COLUMNS[table])
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

| column | type | meaning |
|---|---|---|
{columns}
"""
    path = folder / "README.md"
    write_file_durably(path, text.encode())
    return path
