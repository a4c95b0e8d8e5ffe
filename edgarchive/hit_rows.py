"""Search results for programs and spreadsheets: one row per hit, on stdout or in a file."""

from __future__ import annotations

import contextlib
import csv
import fcntl
import glob
import io
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, Protocol

from archiver.errors import UsageError
from archiver.events import event
from archiver.identifiers import AccessionNumber
from archiver.runtime.paths import exists, is_dir, is_file
from archiver.store.durable import fsync_file, replace_durably, set_mode, storage_errors
from edgarchive.formats import as_json_text, clean, without_formulas
from indexer.search.hits import ROW_COLUMNS

_log = logging.getLogger(__name__)

_OLD_NAMES = {"cik": "ciks", "name": "names"}
"""Former names of CSV columns; they work for one more release."""

_BETWEEN = {"names": "; "}
"""Separators of several values in one cell; elsewhere a space."""

_CELL_UNITS = 32_767
_FIRST_YEAR = 1900
"""Sheets have no earlier dates (ECMA-376, 18.17.4); those are text."""
_SHEET_ROWS = 1_048_576
"""Rows of a sheet in .xlsx (Excel's limit; ECMA-376 has none)."""


class RowFormat(StrEnum):
    """Formats with one row per hit."""

    CSV = "csv"
    JSONL = "jsonl"
    XLSX = "xlsx"
    ACCESSIONS = "accessions"


class Row(Protocol):
    """What can be a row: a hit, or a hit with additional columns."""

    @property
    def accession(self) -> AccessionNumber:
        """The accession number."""

    @property
    def snippet(self) -> str | None:
        """The snippet, with its matches marked."""

    def to_row(self) -> dict[str, Any]:
        """One flat row."""

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""


def columns_named(fields: str | None, known: Sequence[str] = ROW_COLUMNS) -> tuple[str, ...] | None:
    """The columns in ``--fields``, in order; None without it. Raises `UsageError` for an unknown one."""
    if fields is None:
        return None
    typed = [name for part in fields.split(",") if (name := part.strip().lower())]
    for old in _OLD_NAMES.keys() & set(typed):
        facts = event("name-old", old=old, new=_OLD_NAMES[old])
        _log.warning("the field %s is now called %s", old, _OLD_NAMES[old], extra=facts)
    names = tuple(_OLD_NAMES.get(name, name) for name in typed)
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise UsageError(
            f"there is no field {clean(unknown[0])!r}" if unknown else "--fields names no field",
            f"choose from: {', '.join(known)}",
        )
    return tuple(dict.fromkeys(names))


def write_rows(
    hits: Iterable[Row], row_format: RowFormat, *, fields: Sequence[str] | None = None, bom: bool = False
) -> None:
    """Write `hits` to stdout as they come."""
    _write(hits, sys.stdout, row_format, fields=fields, bom=bom)


def save_rows(
    hits: Iterable[Row], path: Path, row_format: RowFormat, *, fields: Sequence[str] | None = None, bom: bool = False
) -> None:
    """Write `hits` to the file `path`, which appears or is replaced when complete. Raises `StorageError`."""
    with _replacing(path) as temporary:
        if row_format is RowFormat.XLSX:
            _write_workbook(hits, temporary, fields or ROW_COLUMNS)
            return
        with temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            _write(hits, file, row_format, fields=fields, bom=bom)


def save_table(path: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a small CSV file, which appears or is replaced when complete. Raises `StorageError`."""
    with _replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows([csv_cell(name, cell) for name, cell in zip(head, row, strict=True)] for row in rows)


def format_of_file(path: Path) -> RowFormat:
    """The format for a file name. Raises `UsageError`."""
    if path.suffix.lower() == ".parquet":
        raise UsageError("a search cannot write Parquet", "use `edgarchive export hits --out FILE.parquet`")
    try:
        return RowFormat(path.suffix.lower().removeprefix("."))
    except ValueError:
        raise UsageError(
            f"cannot tell the format of {clean(str(path))}", "name it .csv, .jsonl or .xlsx, or give --format"
        ) from None


def _write(
    hits: Iterable[Row], file: IO[str], row_format: RowFormat, *, fields: Sequence[str] | None, bom: bool
) -> None:
    if bom:
        file.write("\ufeff")
    if row_format is RowFormat.CSV:
        writer = csv.writer(file)
        writer.writerow(fields or ROW_COLUMNS)
        writer.writerows([csv_cell(name, row[name]) for name in fields or ROW_COLUMNS] for row in _rows(hits))
    elif row_format is RowFormat.JSONL:
        for hit in hits:
            file.write(f"{as_json_text(hit.to_dict() if fields is None else chosen(hit, fields))}\n")
    else:
        file.writelines(f"{hit.accession}\n" for hit in hits)


def chosen(hit: Row, fields: Sequence[str]) -> dict[str, Any]:
    """The row of a hit with only these columns, for JSON: the snippet has its matches marked."""
    row = hit.to_row()
    if "snippet" in fields:
        row["snippet"] = hit.snippet
    return {name: row[name] for name in fields}


def csv_cell(name: str, value: object) -> str:
    """A cell of the column `name` that no spreadsheet takes for a formula: such text is prefixed with an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()  # as in exports
    if isinstance(value, (list, tuple)):
        value = _BETWEEN.get(name, " ").join(str(one) for one in value)
    elif isinstance(value, date):
        return value.isoformat()
    text = clean(str(value))
    return without_formulas(text) if isinstance(value, str) else text


def _rows(hits: Iterable[Row]) -> Iterator[dict[str, Any]]:
    return (hit.to_row() for hit in hits)


def _write_workbook(hits: Iterable[Row], path: Path, fields: Sequence[str]) -> None:
    """Write a sheet with a fixed header and filters, dates as dates, and text that is never a formula."""
    try:
        import xlsxwriter  # noqa: PLC0415 — an extra, and slow to load
    except ModuleNotFoundError:
        raise UsageError("writing .xlsx needs the package xlsxwriter", "`pip install 'edgarchive[xlsx]'`") from None
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "in_memory": False}
    with tempfile.TemporaryDirectory() as folder, _ErrorKeeper(path) as file:
        book = xlsxwriter.Workbook(file, options | {"tmpdir": folder})
        book.use_zip64()
        sheet = book.add_worksheet("hits")
        day, moment = (
            book.add_format({"num_format": "yyyy-mm-dd"}),
            book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        )
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, fields, book.add_format({"bold": True}))
        number = 0
        for number, row in enumerate(_rows(hits), start=1):
            if number >= _SHEET_ROWS:
                raise UsageError(f"a sheet has at most {_SHEET_ROWS:,} rows", "narrow the search, or write .csv")
            for column, name in enumerate(fields):
                value = row[name]
                if isinstance(value, datetime):  # sheets have no time zones; times with one become UTC
                    sheet.write_datetime(number, column, value.replace(tzinfo=None), moment)
                elif isinstance(value, date) and value.year >= _FIRST_YEAR:
                    sheet.write_datetime(number, column, value, day)
                elif isinstance(value, (int, float)):
                    sheet.write_number(number, column, value)
                elif value is not None:
                    text = _BETWEEN.get(name, " ").join(map(str, value)) if isinstance(value, list) else str(value)
                    sheet.write_string(number, column, _fitting(clean(text)))
        sheet.autofilter(0, 0, number, len(fields) - 1)
        try:
            book.close()
        except xlsxwriter.exceptions.FileCreateError as error:
            raise (error.args[0] if isinstance(error.args[0], OSError) else error) from None


class _ErrorKeeper(io.BufferedWriter):
    """A file that raises its first error when it is closed, and none after.

    A ZipFile that is collected writes its end once more, and what fails then would be printed.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path, "w"))
        self._error: OSError | None = None

    def write(self, data: Any, /) -> int:
        """Write; after an error, pretend to."""
        return int(self._kept(super().write, data))

    def flush(self) -> None:
        """Write what is buffered."""
        self._kept(super().flush)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move; after an error, pretend to."""
        return int(self._kept(super().seek, offset, whence))

    def tell(self) -> int:
        """Where it is; after an error, 0."""
        return int(self._kept(super().tell))

    def close(self) -> None:
        """Close. Raises the first error there was."""
        self._kept(super().close)
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _kept(self, work: Callable[..., int | None], *arguments: Any) -> int:
        try:
            return work(*arguments) or 0
        except OSError as error:
            self._error = self._error or error
        except ValueError:
            if not self.closed:
                raise
        return 0


def _fitting(text: str) -> str:
    """As much of a text as a cell holds: 32,767 UTF-16 code units."""
    units = text.encode("utf-16-le")
    return text if len(units) <= 2 * _CELL_UNITS else units[: 2 * _CELL_UNITS].decode("utf-16-le", "ignore")


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that replaces it at the end, and is deleted after an error.

    Raises `UsageError` for a device or pipe: it would be replaced for all programs.
    """
    with storage_errors(path):
        if exists(path) and not (is_file(path) or is_dir(path)):
            raise UsageError(f"{path} is not a regular file", "name a file, or leave -o out to write to stdout")
        prefix, suffix = f".{path.name[:100]}.", ".part"
        for left_over in path.parent.glob(f"{glob.escape(prefix)}*{suffix}"):
            _delete_unless_locked(left_over)
        descriptor, temporary = _locked_temporary(path.parent, prefix, suffix)
        try:
            umask = os.umask(0)
            os.umask(umask)
            set_mode(descriptor, 0o666 & ~umask)
            yield temporary
            fsync_file(temporary)  # or a power cut would leave an empty file in place of the earlier one
            replace_durably(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
            os.close(descriptor)


def _locked_temporary(folder: Path, prefix: str, suffix: str) -> tuple[int, Path]:
    """A new temporary file, open and locked."""
    while True:
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=prefix, suffix=suffix)
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:  # not deleted as a left-over before it was locked
            return descriptor, Path(name)
        os.close(descriptor)


def _delete_unless_locked(path: Path) -> None:
    """Delete the temporary file of a process that was killed: one that lives holds a lock on its own."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
