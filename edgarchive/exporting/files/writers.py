"""Writing rows to files: JSON Lines, CSV, and Parquet by filing year. Visible files are complete."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from archiver.errors import UsageError
from archiver.store.durable import fsync_directory, fsync_file, make_directories, storage_errors
from edgarchive.exporting.tables import Column, ColumnType
from edgarchive.formats import without_formulas
from indexer.section_rows import Row

PART_BYTES = 256_000_000
"""Bytes of text after which a new Parquet file begins."""

GROUP_BYTES = 32_000_000
"""Bytes of rows collected for a row group: a file describes each, in memory until it ends, and so does its reader."""

_BETWEEN = " | "
"""Separates several values in a CSV cell."""

_LONG_TEXT = 1000
"""Characters from which a text is escaped separately."""

_ESCAPES = ((b"\\", rb"\\"), (b'"', rb"\""), (b"\n", rb"\n"), (b"\r", rb"\r"), (b"\t", rb"\t"))
_RARE_CONTROLS = bytes(code for code in range(0x20) if code not in b"\n\r\t")

CELL_CHARS = 32_767
"""The longest text that a cell of Excel holds."""


class Format(StrEnum):
    """The file formats of an export."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


class Encoder(Protocol):
    """Encodes rows, in any process."""

    def __call__(self, rows: Sequence[Row], /) -> bytes:
        """The encoded rows."""


class JsonlEncoder:
    """A JSON object per line, in UTF-8, with dates in ISO 8601. Columns come first, in order."""

    def __init__(self, columns: Iterable[str]) -> None:
        self._columns = tuple(columns)

    def __call__(self, rows: Sequence[Row], /) -> bytes:
        """The lines."""
        return b"".join(self._line(row) for row in rows)

    def _line(self, row: Row) -> bytes:
        ordered = {name: row[name] for name in self._columns if name in row} | row
        text = ordered.get("text")
        if not isinstance(text, str) or len(text) < _LONG_TEXT:
            return _json(ordered) + b"\n"
        before, after = _json(ordered | {"text": ""}).split(b'"text": ""', 1)
        return b"".join((before, b'"text": ', _json_text(text), after, b"\n"))


class CsvEncoder:
    """A row per line (RFC 4180). What a spreadsheet would take for a formula is prefixed with an apostrophe."""

    def __init__(self, columns: Iterable[str]) -> None:
        self._columns = tuple(columns)

    def head(self) -> bytes:
        """The header line."""
        return self._lines([self._columns])

    def __call__(self, rows: Sequence[Row], /) -> bytes:
        """The lines."""
        return self._lines([_cell(name, row.get(name)) for name in self._columns] for row in rows)

    @staticmethod
    def has_long_cells(rows: Iterable[Row]) -> bool:
        """Whether some text is too long for a cell of Excel."""
        return any(isinstance(value, str) and len(value) > CELL_CHARS for row in rows for value in row.values())

    @staticmethod
    def _lines(rows: Iterable[Iterable[str]]) -> bytes:
        file = io.StringIO(newline="")
        csv.writer(file).writerows(rows)
        return file.getvalue().encode(errors="replace")


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=_iso).encode(errors="replace")


def _json_text(text: str) -> bytes:
    """A text as JSON, for a long one several times as fast as `json`: five characters are escaped."""
    data = text.encode(errors="replace")
    if len(data.translate(None, _RARE_CONTROLS)) != len(data):
        return _json(text)
    for character, escaped in _ESCAPES:
        data = data.replace(character, escaped)
    return b'"%b"' % data


def _iso(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        value = _BETWEEN.join(str(one) for one in value)
    if isinstance(value, str):
        return without_formulas(value, is_long=name == "text" or name.startswith("section_"))
    return str(value)


class ArrowEncoder:
    """A stream of Arrow record batches (IPC format), which the writing process puts into Parquet files."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = tuple(columns)

    def __call__(self, rows: Sequence[Row], /) -> bytes:
        """The batch of the rows; empty for no rows."""
        pa = pyarrow()
        if not rows:
            return b""
        batch = pa.RecordBatch.from_pylist(list(map(_without_surrogates, rows)), schema=arrow_schema(self._columns))
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as stream:
            stream.write_batch(batch)
        return bytes(sink.getvalue())


def _without_surrogates(row: Row) -> Row:
    """The row in characters that UTF-8 can encode; a filing may contain a lone surrogate."""
    return {
        name: value.encode(errors="replace").decode() if isinstance(value, str) and not value.isascii() else value
        for name, value in row.items()
    }


def arrow_schema(columns: Sequence[Column]) -> Any:
    """The Arrow schema of these columns: typed dates, times and lists. Raises `UsageError` without pyarrow."""
    pa = pyarrow()
    types: dict[ColumnType, Any] = {
        "text": pa.large_string(),
        "texts": pa.list_(pa.string()),
        "int": pa.int64(),
        "ints": pa.list_(pa.int64()),
        "float": pa.float64(),
        "bool": pa.bool_(),
        "date": pa.date32(),
        "datetime": pa.timestamp("s"),
    }

    def field(column: Column) -> Any:
        return pa.field(column.name, types[column.type], metadata={"comment": column.meaning})

    return pa.schema([field(column) for column in columns])


def pyarrow() -> Any:
    """The package pyarrow. Raises `UsageError` if it is not installed."""
    try:
        import pyarrow as pa  # noqa: PLC0415 — an extra
        import pyarrow.parquet  # noqa: PLC0415 — as above
    except ModuleNotFoundError:
        raise UsageError("Parquet needs the package pyarrow", "`pip install 'edgarchive[parquet]'`") from None
    return pa


class ParquetFile:
    """One Parquet file (zstd) that becomes visible when it is published."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        pa = pyarrow()
        self.path = path
        self.text_bytes = 0
        self._temporary = path.with_name(f".{path.name}.part")
        self._batches: list[Any] = []
        self._batch_bytes = 0
        with storage_errors(path):
            make_directories(path.parent)
            self._temporary.unlink(missing_ok=True)  # it may be a link
            self._writer = pa.parquet.ParquetWriter(self._temporary, arrow_schema(columns), compression="zstd")

    def write(self, encoded: bytes) -> None:
        """Append the batches of an `ArrowEncoder`. Raises `StorageError`."""
        pa = pyarrow()
        with pa.ipc.open_stream(encoded) as stream:
            self._batches += stream
        self.text_bytes += len(encoded)
        self._batch_bytes += len(encoded)
        if self._batch_bytes >= GROUP_BYTES:
            self._end_group()

    def _end_group(self) -> None:
        if self._batches:
            with storage_errors(self.path):
                self._writer.write_table(pyarrow().Table.from_batches(self._batches))
        self._batches.clear()
        self._batch_bytes = 0

    def end(self) -> int:
        """Complete the file and make it durable; returns its size. Raises `StorageError`."""
        self._end_group()
        with storage_errors(self.path):
            self._writer.close()
            fsync_file(self._temporary)
            return self._temporary.stat().st_size

    def publish(self) -> None:
        """Make the complete file visible. Raises `StorageError`."""
        with storage_errors(self.path):
            self._temporary.replace(self.path)
            fsync_directory(self.path.parent)

    def discard(self) -> None:
        """Discard what was written."""
        with contextlib.suppress(OSError):
            self._writer.close()
        self._temporary.unlink(missing_ok=True)
