"""``edgarchive log``: the runs, and what each stored."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from archiver.catalogue.runs import Run
from archiver.errors import DamageError, UsageError
from edgarchive.cli.options import AsJson, common
from edgarchive.cli.output import human_moment, plural, print_json, say
from edgarchive.formats import clean, human_bytes
from indexer.archive.journal import StoredRecord, run_values
from indexer.search.library import Library

_SHOWN = 10


def log(
    context: typer.Context,
    run: Annotated[
        int | None, typer.Argument(metavar="RUN", min=1, help="List what this run stored.", show_default=False)
    ] = None,
    *,
    limit: Annotated[int, typer.Option("-n", "--limit", metavar="N", min=1, help="Maximum number of runs.")] = 20,
    manifest: Annotated[
        bool, typer.Option("--manifest", help="Print checksums of what RUN stored, for `sha256sum --check`.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """List the runs, newest first, or what one run stored.

    --manifest prints checksums of the stored files, with paths relative to the archive's folder.
    """
    if manifest and run is None:
        raise UsageError("--manifest needs a run", "give its number: edgarchive log RUN --manifest")
    with Library(settings=common(context).settings()) as library:
        if run is None:
            _print_runs(library.log(limit), as_json=as_json)
            return 0
        found, stored = library.run_of(run), library.stored_by(run)
        if manifest:
            _print_manifest(library, stored)
        elif as_json:
            print_json({**run_values(found), "submissions": [one.to_dict() for one in stored]})
        else:
            _print_run(found)
            for one in stored:
                _print_stored(one)
    return 0


def _print_manifest(library: Library, stored: Sequence[StoredRecord]) -> None:
    """Print a checksum of every file that can be read, then raise the first error."""
    fault: DamageError | None = None
    for one in stored:
        try:
            sys.stdout.write(f"{library.stored.file_sha256(one.path)}  {one.path}\n")
        except DamageError as error:
            fault = fault or error
    if fault is not None:
        raise fault


def _print_runs(runs: Sequence[Run], *, as_json: bool) -> None:
    if as_json:
        print_json([run_values(run) for run in runs])
        return
    columns = [(str(run.number), clean(run.verb), run.outcome or "not ended") for run in runs]
    widths = [max(map(len, column)) for column in zip(*columns, strict=True)]
    for run, (number, verb, outcome) in zip(runs, columns, strict=True):
        ended = f"{verb:<{widths[1]}}  {outcome:<{widths[2]}}"
        say(f"{number:>{widths[0]}}  {human_moment(run.began)}  {ended}  {_counts(run)}")
        if run.message:
            say(f"{'':{widths[0]}}  {clean(run.message)}")


def _print_run(run: Run) -> None:
    """Print the request of a run, when it ran, and its outcome."""
    say(f"run {run.number}: {clean(run.verb)}, {run.outcome or 'not ended'}")
    if run.message:
        say(clean(run.message))
    say(f"began {human_moment(run.began)}" + (f", ended {human_moment(run.ended)}" if run.ended else ""))
    options = {name: value for name, value in run.selection.items() if name != "select" and value}
    for asked in (*run.selection.get("select", ()), *([options] if options else ())):
        say(f"asked for: {clean('; '.join(f'{name} {_short(value)}' for name, value in asked.items()))}")
    say(_counts(run))
    if run.failures:
        conflicts = ", or in conflict with the stored copy" if len(run.failures) > run.failed else ""
        say(f"failed{conflicts}: {_short(run.failures)}")


def _counts(run: Run) -> str:
    requests = f", {plural(run.requests, 'request')}" if run.requests else ""
    failed = f", {run.failed:,} failed" if run.failed else ""
    return f"{plural(run.stored, 'submission')}, {human_bytes(run.bytes)}{requests}{failed}"


def _short(value: object) -> str:
    """A value of a selection; of a long list the first few."""
    if not isinstance(value, list | tuple):
        return str(value)
    more = f" and {len(value) - _SHOWN:,} more" if len(value) > _SHOWN else ""
    return ", ".join(map(str, value[:_SHOWN])) + more


def _print_stored(stored: StoredRecord) -> None:
    say(f"  {stored.accession}  {stored.filing_date}  {clean(stored.form)}  {human_bytes(stored.size)}")
