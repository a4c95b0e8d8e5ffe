"""An export from beginning to end: which filings, in what order, to which files; it goes on where one was stopped."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from archiver.errors import UsageError
from archiver.progress import CancelToken, Progress, ProgressUpdate, no_progress
from archiver.settings import Settings
from archiver.store.archive import Archive
from edgarchive.exporting.files.card import write_card
from edgarchive.exporting.files.sinks import check_free
from edgarchive.exporting.files.state import ExportState, last_export, note_export
from edgarchive.exporting.files.writers import Format
from edgarchive.exporting.plan import ExportPlan, make_plan
from edgarchive.exporting.rows import Wanted, check_table
from edgarchive.exporting.tables import Table
from edgarchive.exporting.workers import Done, encode_here, encode_in_workers
from indexer.search.library import Library
from indexer.search.options import SearchOptions

CHECKPOINT_S = 5.0
"""Seconds between two notes of how far a growing file is."""


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export wrote. `failures` are accession numbers, each with the reason why it is not in the export."""

    table: str
    filings: int
    rows: int
    files: tuple[Path, ...]
    failures: tuple[tuple[str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON has it."""
        return {
            "table": self.table,
            "filings": self.filings,
            "rows": self.rows,
            "files": [str(path) for path in self.files],
            "failures": [{"accession": accession, "error": error} for accession, error in self.failures],
        }


def export(
    table: str,
    out: str | os.PathLike[str],
    *,
    options: SearchOptions | None = None,
    accessions: Iterable[str] | None = None,
    format: str | None = None,  # noqa: A002 — as the command line's option
    shape_name: str | None = None,
    since_export: str | os.PathLike[str] | None = None,
    settings: Settings | None = None,
    jobs: int | None = None,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> ExportReport:
    """Write a table of the archive to `out`: ``filings``, ``documents``, ``sections`` or ``hits``.

    Of everything; or of what `options` find (for documents and hits: of the documents); or of `accessions`, in their
    order. Rows come by filing date and accession number, the same in every run. `format` is jsonl, csv or parquet, by
    default that of the name of `out`. jsonl and csv are one file; parquet is one where `out` ends in ``.parquet``, else
    a folder with ``year=YYYY/part-NNNN.parquet``. Filings come with a second table, of their entities, whose name ends
    with ``-entities``. `shape_name` is edgar-corpus or edgar-crawler, for sections. With `since_export`, a
    file that remembers it, only what was stored since the last such export.

    An export that was stopped goes on with the same arguments. Memory does not grow with the archive. Raises
    `UsageError`, `QueryError`, `NotInArchiveError`, `StorageError`, `WorkerDiedError`, `RunCancelledError`.
    """
    settings, cancel = settings or Settings(), cancel or CancelToken()
    plan = make_plan(check_table(table), Path(out), format, shape_name, options, accessions)
    until = datetime.now(UTC)
    since = None if since_export is None else last_export(Path(since_export))
    state = plan.state()
    for path in plan.paths.values():
        if state is None:
            check_free(path)
    run = _Run(plan, state)
    with contextlib.closing(run):
        wanted = _rest(_wanted(plan, settings, since), state, plan.state_path)
        cores = jobs or os.cpu_count() or 1
        job = plan.job(settings.root)
        outcomes = encode_here(job, wanted) if cores == 1 else encode_in_workers(job, wanted, jobs=cores)
        with contextlib.closing(outcomes):
            for done in outcomes:
                cancel.check()
                run.take(done)
                progress(ProgressUpdate("exporting", run.filings, None, failed=len(run.failures)))
        report = run.finish()
    if since_export is not None:
        note_export(Path(since_export), until)
    return report


def _wanted(plan: ExportPlan, settings: Settings, since: datetime | None) -> Iterator[Wanted]:
    """The filings to export, in order, those stored before `since` left out."""
    with Archive.open(settings.root) as archive:
        if plan.accessions is not None:
            records = (archive.catalogue.get(accession) for accession in plan.accessions)
            for accession, record in zip(plan.accessions, records, strict=True):
                if since is None or record is None or record.stored_at > since:
                    yield Wanted(accession, record.filing_date.year if record else 0)
            return
        if plan.options is None:
            for record in archive.catalogue.records_by_filing_date():
                if since is None or record.stored_at > since:
                    yield Wanted(record.accession, record.filing_date.year)
            return
        new = None if since is None else {record.accession for record in archive.catalogue.added_since(since)}
        yield from (one for one in _found(plan, settings) if new is None or one.accession in new)


def _found(plan: ExportPlan, settings: Settings) -> Iterator[Wanted]:
    """What a search finds, by filing date; the documents of one filing together."""
    documents = plan.table in {Table.DOCUMENTS, Table.HITS}
    options = (plan.options or SearchOptions()).replace(sort="oldest", snippets=False, documents=documents)
    with Library(settings=settings) as library:
        hits = library.run(options).hits
        for accession, together in itertools.groupby(hits, key=lambda hit: hit.accession):
            of_one = list(together)
            sequences = [(hit.document.sequence if hit.document else None, hit.score) for hit in of_one]
            yield Wanted(accession, of_one[0].filing_date.year, tuple(sequences) if documents else None)


def _rest(wanted: Iterator[Wanted], state: ExportState | None, state_path: Path) -> Iterator[Wanted]:
    """What is left to export. Raises `UsageError` where the archive is not as it was when the export began."""
    if state is None or not state.done:
        return wanted
    *_, last = itertools.islice(wanted, state.done) if state.done else (None,)
    if last is None or last.accession != state.last:
        raise UsageError("the archive has changed since this export began", f"remove {state_path} to begin again")
    return wanted


class _Run:
    """An export under way: its sink, and how far it is."""

    def __init__(self, plan: ExportPlan, state: ExportState | None) -> None:
        self._plan = plan
        self._sink = plan.sink(state)
        self.filings = state.done if state else 0
        self.rows = state.rows if state else 0
        self.failures: list[tuple[str, str]] = list(state.failures) if state else []
        self._last = state.last if state else None
        self._noted_s = time.monotonic()

    def take(self, done: Done) -> None:
        """Write the rows of a task; note now and then how far it is."""
        if self._plan.format is Format.PARQUET or time.monotonic() - self._noted_s >= CHECKPOINT_S:
            self._note(done)
        self._sink.take(done)
        self.filings += len(done.wanted)
        self.rows += sum(one.rows for one in done.encoded if one.table is self._plan.table)
        self.failures += done.failures
        self._last = str(done.wanted[-1].accession)

    def _note(self, coming: Done) -> None:
        durable = self._sink.checkpoint(coming)
        if durable is None or not self.filings:
            return
        files, parts = durable
        state = ExportState(
            options=self._plan.asked,
            done=self.filings,
            last=self._last,
            rows=self.rows,
            files=files,
            parts=parts,
            failures=tuple(self.failures),
        )
        state.save(self._plan.state_path)
        self._noted_s = time.monotonic()

    def finish(self) -> ExportReport:
        """Make the files visible, describe a folder of them, and say what there is."""
        files = self._sink.finish()
        for table, path in self._plan.paths.items():
            if path.is_dir():
                files.append(write_card(path, table))
        self._plan.state_path.unlink(missing_ok=True)
        done = self.filings - len(self.failures)
        return ExportReport(str(self._plan.table), done, self.rows, tuple(files), tuple(self.failures))

    def close(self) -> None:
        """Let go of the files; what is noted stays for the next run."""
        self._sink.close()
