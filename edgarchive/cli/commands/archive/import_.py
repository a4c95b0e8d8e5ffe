"""``edgarchive import``: add submissions from files to the archive, then index them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from archiver.errors import ConflictError
from archiver.reports import ImportReport
from edgarchive.cli.options import AsJson, common
from edgarchive.cli.output import SOME_FAILED, human_time, plural, print_json, say
from edgarchive.cli.progress import progress_bar
from edgarchive.formats import clean, human_bytes
from edgarchive.importing import import_submissions

_SHOWN = 20


def import_(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Files and folders; gzip, tar, zip too.")],
    *,
    no_index: Annotated[
        bool, typer.Option("--no-index", help="Import only; index later with `edgarchive index`.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Import submissions from files, then index them.

    Each submission is stored under the accession number in its header. The originals are not changed, and no request is
    sent.
    """
    options = common(context)
    with progress_bar("importing", visible=options.shows_progress, lines=options.logs_progress) as progress:
        report = import_submissions(paths, settings=options.settings(), index=not no_index, progress=progress)
    if as_json:
        print_json(dataclasses.replace(report, elapsed_s=round(report.elapsed_s, 3)))
    else:
        _print(report)
    return SOME_FAILED if report.failures else 0


def _print(report: ImportReport) -> None:
    conflicts = sum(failure.error == ConflictError.__name__ for failure in report.failures)
    say(
        f"{plural(report.planned, 'submission')} found: {report.present:,} in the archive before,"
        f" {report.stored:,} stored ({human_bytes(report.bytes)}), {report.failed:,} failed"
        + (f", {plural(conflicts, 'conflict')}" if conflicts else "")
    )
    say(f"{report.indexed:,} indexed, in {human_time(report.elapsed_s)}")
    for failure in report.failures:
        kind = "conflict" if failure.error == ConflictError.__name__ else "failed"
        which = f"{failure.accession}  " if failure.accession else ""
        say(f"{kind}: {which}{clean(failure.url)}  {clean(failure.message)}")
    if report.skipped:
        say(f"{plural(len(report.skipped), 'file')} skipped (not submissions):")
    for file in report.skipped[:_SHOWN]:
        say(f"  {clean(file.path)}: {clean(file.message)}")
    if len(report.skipped) > _SHOWN:
        say(f"  and {len(report.skipped) - _SHOWN:,} more; --json lists all")
