"""The request for an export, checked: table, format, shape, files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from archiver.errors import UsageError
from archiver.identifiers import AccessionNumber
from archiver.runtime.paths import is_dir
from archiver.startup.dataclass import dataclass
from edgarchive.exporting.files.sinks import (
    FileSink,
    ParquetFileSink,
    ParquetSink,
    Sink,
    are_of,
    files_can_go_on,
    parts_are_there,
)
from edgarchive.exporting.files.state import ExportState, LastExport
from edgarchive.exporting.files.writers import ArrowEncoder, CsvEncoder, Encoder, Format, JsonlEncoder, pyarrow
from edgarchive.exporting.layouts import LayoutName
from edgarchive.exporting.rows import Asked
from edgarchive.exporting.shapes import CORPUS_COLUMNS, ShapeName, shape
from edgarchive.exporting.tables import COLUMNS, Column, Table
from edgarchive.exporting.wanted import Choice
from edgarchive.exporting.workers import Job
from indexer.search.options import SearchOptions, several


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """What to export, and where to."""

    table: Table
    paths: dict[Table, Path]
    format: Format
    shape_name: ShapeName | None
    choice: Choice
    has_card: bool = True

    @property
    def state_path(self) -> Path:
        """The file with the state of an unfinished export."""
        return self.state_paths[0]

    @property
    def state_paths(self) -> tuple[Path, ...]:
        """That file and its like of the other tables, which keep other exports from writing there."""
        return tuple(path.with_name(f".{path.name}.export") for path in self.paths.values())

    def asked(self) -> dict[str, Any]:
        """The request, for recognising an unfinished export of the same."""
        return {
            "version": version("edgarchive"),  # rows of two versions may differ
            "since": str(self.choice.since.until) if self.choice.since else None,
            "table": self.table,
            "format": self.format,
            "shape": self.shape_name,
            "options": self.choice.options.to_dict() if self.choice.options else None,
            "accessions": _digest(self.choice.accessions) if self.choice.accessions else None,
        }

    def state(self) -> ExportState | None:
        """The state of an unfinished export of exactly this; None if there is none to resume."""
        state = ExportState.load(self.state_path)
        if state is None or json.loads(json.dumps(self.asked())) != state.options:
            return None
        if self.has_folders:
            return state if parts_are_there(self.state_path.parent, state) else None
        if self.format is Format.PARQUET:
            return replace(state, done=0, last=None, rows=0, failures=()) if are_of(self.paths, state) else None
        return state if files_can_go_on(self.paths, state) else None

    @property
    def has_folders(self) -> bool:
        """Whether it writes a folder of Parquet files by year, instead of one file per table."""
        return self.format is Format.PARQUET and self.paths[self.table].suffix != ".parquet"

    def columns(self, table: Table) -> tuple[Column, ...]:
        """The columns of a table. In a folder of Parquet files, the year is that of the subfolder."""
        if self.shape_name is ShapeName.EDGAR_CRAWLER:  # its keys differ from form to form
            return ()
        columns = CORPUS_COLUMNS if self.shape_name else COLUMNS[table]
        return tuple(one for one in columns if not (self.has_folders and one.name == "year"))

    def encoder(self, table: Table) -> Encoder:
        """The encoder of the rows of a table."""
        columns = self.columns(table)
        match self.format:
            case Format.JSONL:
                return JsonlEncoder(one.name for one in columns)
            case Format.CSV:
                return CsvEncoder(one.name for one in columns)
            case Format.PARQUET:
                return ArrowEncoder(columns)

    def job(self, root: Path) -> Job:
        """The job for workers."""
        options = self.choice.options or SearchOptions()
        whole = self.shape_name is not None
        return Job(
            root=root,
            tables=tuple((table, self.encoder(table)) for table in self.paths),
            asked=Asked(options.query, options.stem, () if whole else several("section", options.section) or ()),
            shape=shape(self.shape_name, self.table),
        )

    def sink(self, state: ExportState | None) -> Sink:
        """The destination of the rows."""
        if self.format is Format.PARQUET:
            columns = {table: self.columns(table) for table in self.paths}
            return ParquetSink(self.paths, columns, state) if self.has_folders else ParquetFileSink(self.paths, columns)
        heads = {table: CsvEncoder(one.name for one in self.columns(table)).head() for table in self.paths}
        return FileSink(self.paths, heads if self.format is Format.CSV else {}, state)


def make_plan(
    table: Table, out: Path, choice: Choice, *, format_name: str | None, shape_name: str | None, card: bool
) -> ExportPlan:
    """Check a request. Raises `UsageError`."""
    chosen = _format(format_name, out)
    try:
        named = None if shape_name is None else ShapeName(shape_name)
    except ValueError:
        shapes = ", ".join(ShapeName)
        raise UsageError(f"there is no shape {shape_name!r}", f"choose from: {shapes}") from None
    shape(named, table)
    if named is ShapeName.EDGAR_CRAWLER and chosen is not Format.JSONL:
        raise UsageError("the keys of edgar-crawler differ from form to form", "use --format jsonl")
    if chosen is Format.PARQUET:
        pyarrow()
    if table is Table.HITS and choice.options is None:
        raise UsageError("hits need a search", "give a query or filters")
    paths = {table: _place(out, table, chosen)}
    if table is Table.FILINGS:
        paths[Table.ENTITIES] = paths[table].with_name(f"{paths[table].stem}-entities{paths[table].suffix}")
    return ExportPlan(table, paths, chosen, named, choice, has_card=card)


def check_layout(table: Table, layout: str, **others: str | None) -> None:
    """Check a request for the layout of another program. Raises `UsageError`."""
    try:
        LayoutName(layout)
    except ValueError:
        raise UsageError(f"there is no layout {layout!r}", f"choose from: {', '.join(LayoutName)}") from None
    if table is not Table.FILINGS:
        raise UsageError(f"--layout {layout} is for filings", "export filings")
    if given := [name for name, value in others.items() if value is not None]:
        raise UsageError(f"--layout {layout} and --{given[0]} cannot be combined", "give one of them")


def make_choice(
    table: Table,
    options: SearchOptions | None,
    accessions: Iterable[str] | None,
    *,
    shape_name: str | None,
    since: LastExport | None,
) -> Choice:
    """Check which filings are requested. Raises `UsageError`."""
    if accessions is not None and options is not None:
        raise UsageError("accession numbers and a search cannot be combined", "give one of them")
    numbers = None if accessions is None else tuple(dict.fromkeys(AccessionNumber(one) for one in accessions))
    if numbers == ():
        raise UsageError("the list of accession numbers is empty", "give at least one")
    in_sections = table is Table.SECTIONS and shape_name is None and options is not None and options.section is not None
    return Choice(options, numbers, in_sections or table in {Table.DOCUMENTS, Table.HITS}, since)


_PACKED = frozenset({"gz", "bz2", "xz", "zst", "zip"})


def _digest(accessions: Iterable[AccessionNumber]) -> str:
    return hashlib.sha256("\n".join(accessions).encode()).hexdigest()


def _format(name: str | None, out: Path) -> Format:
    suffix = out.suffix.removeprefix(".").lower()
    if out.name in {"", ".."}:
        raise UsageError(f"{out} cannot name an export, which keeps files beside it", "name a folder below it")
    if out.name == "-":
        raise UsageError("an export is written to a file, so that it can resume", "name one for --out")
    if suffix in _PACKED:
        raise UsageError(
            f"an export cannot write compressed files, such as {out}", "use Parquet, or compress the file afterwards"
        )
    if name in set(Format) and suffix in set(Format) - {name}:
        raise UsageError(f"--format {name} and the name {out.name} contradict each other", "change one of them")
    try:
        return Format(name if name is not None else suffix)
    except ValueError:
        formats = ", ".join(Format)
        if name is None and suffix == "xlsx":
            raise UsageError(
                "an export cannot write .xlsx", "name it .csv, or use `search -o` for a workbook"
            ) from None
        if name is None:
            raise UsageError(f"cannot tell the format of {out}", f"give --format: {formats}") from None
        raise UsageError(f"there is no format {name!r}", f"choose from: {formats}") from None


def _place(out: Path, table: Table, chosen: Format) -> Path:
    """The file or folder of a table; below an existing folder, a file with the table's name."""
    if chosen is not Format.PARQUET and is_dir(out):
        return out / f"{table}.{chosen}"
    return out
