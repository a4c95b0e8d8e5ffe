"""Running an export: which filings, in what order, to which files; it resumes a stopped one."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import time
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from archiver.errors import UsageError
from archiver.events import event
from archiver.runtime.paths import is_dir
from archiver.runtime.progress import CancelToken, Progress, ProgressUpdate, no_progress
from archiver.settings.settings import Settings
from archiver.startup.dataclass import dataclass
from archiver.store.layout import require_outside
from edgarchive.exporting.files.card import write_card
from edgarchive.exporting.files.sinks import check_free
from edgarchive.exporting.files.state import ExportState, StateFile, last_export, note_export
from edgarchive.exporting.files.writers import CELL_CHARS, Format
from edgarchive.exporting.layouts import Placed, place_filings
from edgarchive.exporting.plan import ExportPlan, check_layout, make_choice, make_plan
from edgarchive.exporting.rows import Wanted, check_table
from edgarchive.exporting.tables import Table
from edgarchive.exporting.wanted import Begun, this_export, wanted_filings
from edgarchive.exporting.workers import TASK_FILINGS, Done, encode_here, encode_in_workers
from indexer.search.options import SearchOptions

_log = logging.getLogger(__name__)

CHECKPOINT_S = 5.0
"""Seconds between saving the state of growing files."""

CHECKPOINT_BYTES = 32_000_000
"""Bytes after which it is saved earlier: the disk then writes while workers read, instead of all at the end."""

_FEW = 2 * TASK_FILINGS
"""Fewer filings are exported faster by one process."""


@dataclass(frozen=True, slots=True)
class ExportReport:
    """The result of an export. `failures` are accession numbers, each with the reason why it is missing.

    `filings` counts those read, also without a row. With a layout, `rows` is 0 and `files` has its folder; `copied`
    filings were not linked.
    """

    table: str
    filings: int
    rows: int
    files: tuple[Path, ...]
    failures: tuple[tuple[str, str], ...]
    copied: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The report as a JSON object."""
        return {
            "table": self.table,
            "filings": self.filings,
            "rows": self.rows,
            "files": [str(path) for path in self.files],
            "failures": [{"accession": accession, "error": error} for accession, error in self.failures],
            "copied": self.copied,
        }


def export(
    table: str,
    out: str | os.PathLike[str],
    *,
    options: SearchOptions | None = None,
    accessions: Iterable[str] | None = None,
    format: str | None = None,  # noqa: A002 — as the command line's option
    shape: str | None = None,
    layout: str | None = None,
    copy: bool = False,
    card: bool = True,
    since_export: str | os.PathLike[str] | None = None,
    settings: Settings | None = None,
    jobs: int | None = None,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> ExportReport:
    """Write a table of the archive to `out`: ``filings``, ``documents``, ``sections`` or ``hits``.

    It covers everything, or what `options` find (for documents and hits: the documents), or `accessions`, in their
    order. Rows are sorted by filing date and accession number, and are the same in every run. `format` is jsonl, csv or
    parquet, by default from the extension of `out`. jsonl and csv are one file; parquet is one file if `out` ends in
    ``.parquet``, else a folder with ``year=YYYY/part-NNNN.parquet`` and a dataset card, ``README.md``, unless `card` is
    False: most readers of a whole folder reject such a file. Filings come with a second table, of their entities, whose
    name ends with ``-entities``. `shape` is edgar-corpus or edgar-crawler, for sections. Of `options`, limit, offset
    and sort are ignored; a `section` also selects the rows of sections. With `since_export`, a file that records each
    export, only what was stored since the last export that used it.

    With `layout` ``edgartools``, filings are put below the folder `out` as edgartools reads them
    (``filings/YYYYMMDD/ACCESSION.nc.gz``): as hard links, or as copies with `copy` or if links are impossible.

    To continue an export that was stopped, call it with the same arguments. Memory does not grow with the archive.
    Raises `UsageError`, `QueryError`, `NotInArchiveError`, `LockedError` (another export writes to `out`),
    `StorageError`, `WorkerDiedError`, `RunCancelledError`.
    """
    settings, cancel = settings or Settings(), cancel or CancelToken()
    for place in (out, since_export):
        if place is not None:
            require_outside(settings.root, Path(place))
    of, kind = layout or shape or table, check_table(table)
    since = None if since_export is None else last_export(Path(since_export), of)
    choice = make_choice(kind, options, accessions, shape_name=shape, since=since)
    if since is not None and since.selection not in {None, choice.selection()}:
        text = "%s: the last export had other filters; of what was stored before %s, nothing is exported now"
        until = since.until.strftime("%Y-%m-%d %H:%M UTC")
        _log.warning(text, since_export, until, extra=event("filters-changed", path=str(since_export), until=until))

    def remember(begun: Begun, report: ExportReport) -> None:
        if since_export is not None:
            failed = [accession for accession, _ in report.failures]
            note_export(Path(since_export), of, this_export(choice, settings, begun, failed=failed))

    if layout is not None:
        check_layout(kind, layout, format=format, shape=shape)
        begun = Begun.now(choice, settings)
        placing = place_filings(wanted_filings(choice, settings, begun), settings.root, Path(out), copy=copy)
        report = _lay_out(placing, Path(out), progress, cancel)
        remember(begun, report)
        return report
    if copy:
        raise UsageError("only a layout can be copied", "give --layout, or leave --copy out")
    plan = make_plan(kind, Path(out), choice, format_name=format, shape_name=shape, card=card)
    if since_export is not None and Path(since_export).absolute() in {
        path.absolute() for path in (*plan.paths.values(), *plan.state_paths)
    }:
        raise UsageError("--since-export and --out name the same file", "give the state a file of its own")
    with StateFile(plan.state_path) as state_file:
        with contextlib.ExitStack() as stack:
            for path in plan.state_paths[1:]:
                stack.enter_context(StateFile(path))
            run = stack.enter_context(contextlib.closing(_Run(plan, settings, state_file)))
            report = run.write(jobs, progress, cancel)
            remember(run.begun, report)
        state_file.forget()
    return report


def _processes(jobs: int | None, wanted: Iterator[Wanted]) -> tuple[int, Iterator[Wanted]]:
    """How many processes are worth starting, and the filings to export."""
    first = tuple(itertools.islice(wanted, _FEW)) if jobs is None else ()
    cores = jobs or (os.cpu_count() if len(first) == _FEW else 1) or 1
    return cores, itertools.chain(first, wanted)


def _lay_out(placing: Iterator[Placed], out: Path, progress: Progress, cancel: CancelToken) -> ExportReport:
    done, copied, failures = 0, 0, []
    for placed in placing:
        cancel.check()
        done, copied = done + 1, copied + placed.copied
        if placed.error is not None:
            failures.append((str(placed.wanted.accession), placed.error))
        progress(ProgressUpdate("linking", done, None, failed=len(failures)))
    return ExportReport(str(Table.FILINGS), done - len(failures), 0, (out,), tuple(failures), copied)


class _Run:
    """A running export: its destination and its state. It continues one that was stopped."""

    def __init__(self, plan: ExportPlan, settings: Settings, state_file: StateFile) -> None:
        state = plan.state()
        self.begun = Begun.now(plan.choice, settings, state)
        self._plan, self._settings, self._state_file = plan, settings, state_file
        self._begun_here, self._is_finished = state is None, False
        self._filings = state.done if state else 0
        self._rows = state.rows if state else 0
        self._failures: list[tuple[str, str]] = list(state.failures) if state else []
        self._last = state.last if state else None
        self._noted_s, self._new_bytes = time.monotonic(), 0
        self._has_warned = False
        if state is None:  # before any file: the state of an export of something else must not outlive its files
            for path in plan.paths.values():
                check_free(path, is_folder=plan.has_folders)
            self._save({}, ())
        self._sink = plan.sink(state)

    def write(self, jobs: int | None, progress: Progress, cancel: CancelToken) -> ExportReport:
        """Write the files of the export, or the rest of them, with `jobs` processes."""
        cores, wanted = _processes(jobs, self._rest())
        job = self._plan.job(self._settings.root)
        outcomes = encode_here(job, wanted) if cores == 1 else encode_in_workers(job, wanted, jobs=cores)
        with contextlib.closing(outcomes):
            for done in outcomes:
                cancel.check()
                self._take(done)
                progress(ProgressUpdate("exporting", self._filings, None, failed=len(self._failures)))
        return self._finish()

    def _rest(self) -> Iterator[Wanted]:
        """The filings that are left. Raises `UsageError` if the archive differs from when the export began."""
        wanted = wanted_filings(self._plan.choice, self._settings, self.begun)
        if self._filings:
            last = deque(itertools.islice(wanted, self._filings), maxlen=1)
            if not last or last[0].accession != self._last:
                hint = f"remove {self._plan.state_path} to begin again"
                raise UsageError("the archive has changed since this export began", hint)
        return wanted

    def _take(self, done: Done) -> None:
        """Write the rows of a task; save the state at intervals."""
        is_due = time.monotonic() - self._noted_s >= CHECKPOINT_S or self._new_bytes >= CHECKPOINT_BYTES
        if self._plan.format is Format.PARQUET or is_due:
            self._checkpoint(done)
        self._sink.take(done)
        self._new_bytes += sum(len(one.data) for one in done.encoded)
        if not self._has_warned and any(one.has_long_cells for one in done.encoded):
            self._has_warned = True
            facts = event("cells-long", chars=CELL_CHARS)
            _log.warning(
                "some cells have more than the %s characters that Excel reads; use another program, or export jsonl or "
                "parquet",
                f"{CELL_CHARS:,}",
                extra=facts,
            )
        self._filings += len(done.wanted)
        self._rows += sum(one.rows for one in done.encoded if one.table is self._plan.table)
        self._failures += done.failures
        self._last = str(done.wanted[-1].accession)

    def _checkpoint(self, coming: Done | None) -> None:
        durable = self._sink.checkpoint(coming)
        if durable is not None:
            self._save(*durable)

    def _save(self, files: dict[str, int], parts: tuple[str, ...]) -> None:
        state = ExportState(
            options=self._plan.asked(),
            until=self.begun.until,
            run=self.begun.run,
            latest=self.begun.latest,
            done=self._filings,
            last=self._last,
            rows=self._rows,
            files=files,
            parts=parts,
            failures=tuple(self._failures),
        )
        self._state_file.save(state)
        self._noted_s, self._new_bytes = time.monotonic(), 0

    def _finish(self) -> ExportReport:
        """Make the files visible, write the dataset card of a folder, and return the report."""
        self._checkpoint(None)
        files = self._sink.finish()
        self._is_finished = True
        for table, path in self._plan.paths.items():
            if self._plan.has_card and is_dir(path):
                files.append(write_card(path, table, self._plan.columns(table)))
        done = self._filings - len(self._failures)
        return ExportReport(str(self._plan.table), done, self._rows, tuple(files), tuple(self._failures))

    def close(self) -> None:
        """Close the files. The saved state stays for the next run, unless nothing was exported yet."""
        if self._begun_here and not self._filings and not self._is_finished:
            self._sink.discard()
            self._state_file.forget()
        else:
            self._sink.close()
