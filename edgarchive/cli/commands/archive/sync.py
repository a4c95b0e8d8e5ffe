"""``edgarchive sync``: mirror what matches and is missing, then index it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from typing import Annotated

import typer
import uvloop

from archiver.errors import EdgarchiveError, UsageError
from archiver.reports import DryRun, SyncReport
from archiver.selection.cik_file import read_ciks
from archiver.selection.selection import Selection
from archiver.settings.settings import Settings
from archiver.sync.downloader import Source
from edgarchive.cli.options import AsJson, Ciks, Common, Forms, Since, Tickers, Until, common
from edgarchive.cli.output import SOME_FAILED, human_time, plural, print_json, say
from edgarchive.cli.progress import progress_bar
from edgarchive.formats import clean, human_bytes
from edgarchive.mirror import Mirror

_FORMS_SHOWN = 6


def sync(
    context: typer.Context,
    *,
    form: Forms = None,
    cik: Ciks = None,
    ticker: Tickers = None,
    name: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="Words of the company's name, any order.")
    ] = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int | None, typer.Option(metavar="N", help="Only the newest N submissions.")] = None,
    source: Annotated[
        Source, typer.Option(metavar="index|feed", help="Fetch single submissions (index), or whole days (feed).")
    ] = "index",
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Re-fetch from EDGAR what came from the Feed or an import.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and write nothing.")] = False,
    no_index: Annotated[
        bool, typer.Option("--no-index", help="Mirror only; index later with `edgarchive index`.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Mirror the submissions that match and are not on disk yet, then index them.

    Repeating an option gives alternatives; different options must all match. Without any, the [[select]] tables of
    the settings file say what to mirror.
    """
    options = common(context)
    settings = options.settings()
    ciks = read_ciks(cik) if cik else None
    selection = Selection(form, cik=ciks, ticker=ticker, name=name, since=since, until=until, limit=limit)
    selections = [selection] if selection != Selection() else settings.selections()
    if not selections:
        raise UsageError(
            "nothing is selected",
            "name forms, CIKs, tickers, names or dates (--form '*' is all of EDGAR), or write [[select]] tables into"
            " the settings file",
        )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if dry_run:
            _print_plan(runner.run(_dry_run(settings, selections)), as_json=as_json)
            return 0
        mirror = Mirror(settings)
        try:
            report = runner.run(_sync(options, mirror, selections, source=source, refresh=refresh, index=not no_index))
        except EdgarchiveError:
            if mirror.last_report is not None:  # everything is stored; indexing failed
                _print_report(mirror.last_report, as_json=as_json)
            raise
    _print_report(report, as_json=as_json)
    return SOME_FAILED if report.failures else 0


async def _dry_run(settings: Settings, selections: Sequence[Selection]) -> DryRun:
    async with Mirror(settings) as mirror:
        return await mirror.dry_run(selections)


async def _sync(
    options: Common,
    mirror: Mirror,
    selections: Sequence[Selection],
    *,
    source: Source,
    refresh: bool,
    index: bool,
) -> SyncReport:
    async with mirror:
        with progress_bar(
            "reading the indexes", visible=options.shows_progress, lines=options.logs_progress
        ) as progress:
            return await mirror.sync(selections, source=source, refresh=refresh, progress=progress, index=index)


def _print_plan(dry_run: DryRun, *, as_json: bool) -> None:
    if as_json:
        print_json(dataclasses.replace(dry_run, estimated_s=round(dry_run.estimated_s, 1)))
        return
    say(f"{plural(dry_run.planned, 'submission')} selected, {dry_run.present:,} of them on disk")
    forms = ", ".join(f"{count:,} {clean(form)}" for form, count in list(dry_run.missing.items())[:_FORMS_SHOWN])
    more = f" and {plural(others, 'other form')}" if (others := len(dry_run.missing) - _FORMS_SHOWN) > 0 else ""
    if forms:
        say(f"to fetch: {forms}{more}")
    say(f"{plural(dry_run.requests, 'request')}, about {human_bytes(dry_run.estimated_bytes)} of submissions")
    say(f"about {human_time(max(1, round(dry_run.estimated_s)))} at the set rate; nothing was written")
    if (feed := dry_run.feed) is not None:
        say(
            f"--source feed would take {plural(feed.requests, 'request')}, {dry_run.requests - feed.requests:,} fewer,"
            f" and about {human_time(feed.estimated_s)} for about {human_bytes(feed.estimated_bytes)} of whole days"
        )


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
    for accession in report.absent_submissions:
        say(f"absent at EDGAR: {accession}")
    for failure in report.failures:
        say(f"failed: {failure.accession or 'a file of the Feed'}  {failure.url}  {failure.message}")
