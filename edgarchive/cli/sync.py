"""``edgarchive sync``: mirror what matches and is not there yet, then index it."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from archiver.errors import UsageError
from archiver.reports import DryRun, SyncReport
from archiver.selection import Selection
from archiver.settings import Settings
from edgarchive.cli.options import AsJson, Common, common
from edgarchive.cli.output import human_bytes, human_time, plural, print_json, say
from edgarchive.cli.progress import progress_bar
from edgarchive.mirror import Mirror

_SOME_FAILED = 3


def sync(
    context: typer.Context,
    *,
    form: Annotated[
        list[str] | None, typer.Option(metavar="FORM", help="Form type as EDGAR spells it, any case, globs ('8-K*').")
    ] = None,
    cik: Annotated[
        list[str] | None, typer.Option(metavar="N|@FILE", help="CIK, or a file with one CIK a line.")
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="Words of the company's name, any order.")
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="First filing date, inclusive.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Last filing date, inclusive.")] = None,
    limit: Annotated[int | None, typer.Option(metavar="N", help="Only the newest N submissions.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and write nothing.")] = False,
    no_index: Annotated[
        bool, typer.Option("--no-index", help="Mirror only; index later with `edgarchive index`.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Mirror the submissions that match and are not on disk yet, then index them.

    Repeated options of one kind are alternatives; different kinds must all hold.
    """
    options = common(context)
    settings = options.settings()
    selection = Selection(
        forms=form or (), ciks=_ciks(cik or []), names=name or (), since=since, until=until, limit=limit
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if dry_run:
            _print_plan(runner.run(_dry_run(settings, selection)), as_json=as_json)
            return 0
        report = runner.run(_sync(options, settings, selection, index=not no_index))
    _print_report(report, as_json=as_json)
    return _SOME_FAILED if report.failures else 0


async def _dry_run(settings: Settings, selection: Selection) -> DryRun:
    async with Mirror(settings) as mirror:
        return await mirror.dry_run(selection)


async def _sync(options: Common, settings: Settings, selection: Selection, *, index: bool) -> SyncReport:
    async with Mirror(settings) as mirror:
        with progress_bar("reading the index", visible=options.shows_progress) as show:

            def progress(report: SyncReport) -> None:
                if show is not None:
                    failed = f", {report.failed} failed" if report.failed else ""
                    doing = f"fetching{failed}" if report.done < report.planned else "indexing"
                    show(report.done, report.planned, doing)

            return await mirror.sync(selection, progress=progress, index=index)


def _ciks(values: list[str]) -> list[str]:
    """CIKs as given; ``@FILE`` stands for the lines of a file, of which empty ones and ``#`` comments do not count."""
    ciks: list[str] = []
    for value in values:
        if not value.startswith("@"):
            ciks.append(value)
            continue
        try:
            lines = Path(value[1:]).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"cannot read the CIKs of {value[1:]}: {error}", "give a text file, one CIK a line"
            ) from error
        ciks.extend(cik for line in lines if (cik := line.partition("#")[0].strip()))
    return ciks


def _print_plan(dry_run: DryRun, *, as_json: bool) -> None:
    plan = dry_run.plan
    if as_json:
        print_json(
            {
                "planned": plan.planned,
                "present": plan.present,
                "requests": dry_run.requests,
                "estimated_bytes": dry_run.estimated_bytes,
                "estimated_s": round(dry_run.estimated_s, 1),
            }
        )
        return
    say(f"{plural(plan.planned, 'submission')} selected, {plan.present:,} of them on disk")
    say(f"{plural(dry_run.requests, 'request')}, about {human_bytes(dry_run.estimated_bytes)} of submissions")
    say(f"about {human_time(dry_run.estimated_s)} at the set rate; nothing was written")


def _print_report(report: SyncReport, *, as_json: bool) -> None:
    if as_json:
        print_json(dataclasses.replace(report, elapsed_s=round(report.elapsed_s, 3)))
        return
    say(
        f"{plural(report.planned, 'submission')} selected: {report.present:,} on disk before, {report.stored:,} stored"
        f" ({human_bytes(report.bytes)}), {report.absent:,} absent at EDGAR, {report.failed:,} failed"
    )
    if report.withdrawn:
        say(f"{plural(report.withdrawn, 'submission')} withdrawn by EDGAR; the stored bytes stay")
    say(f"{report.indexed:,} indexed; {plural(report.requests, 'request')} in {human_time(report.elapsed_s)}")
    for failure in report.failures:
        say(f"failed: {failure.accession}  {failure.url}  {failure.message}")
