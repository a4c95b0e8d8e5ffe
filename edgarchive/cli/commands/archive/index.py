"""``edgarchive index``: index what is stored but not indexed."""

from __future__ import annotations

from typing import Annotated

import typer

from archiver.errors import UsageError
from archiver.store.layout import Layout
from edgarchive.cli.options import AsJson, common
from edgarchive.cli.output import SOME_FAILED, plural, print_json, say
from edgarchive.cli.progress import progress_bar
from edgarchive.indexing import index_archive
from indexer.index_folder import ENGINES, engine_of


def index(
    context: typer.Context,
    *,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Rebuild the whole index, then replace the old one.")
    ] = False,
    engine: Annotated[
        str | None, typer.Option(metavar="E", help=f"The full-text engine: {', '.join(ENGINES)}.")
    ] = None,
    years: Annotated[
        str | None,
        typer.Option(metavar="Y[-Y]", help="Only these filing years, to share work between machines; opensearch only."),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(metavar="I/N", help="Only part I of N, to share work between machines; opensearch only."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Index submissions that are stored but not indexed yet."""
    options = common(context)
    settings = options.settings(engine=engine)
    present = engine_of(Layout(settings.root).index)
    if engine is not None and not rebuild and present not in (None, engine):
        raise UsageError(
            f"the index is of engine {present}, not {engine}",
            f"run `edgarchive index --rebuild --engine {engine}`, or leave --engine out",
        )
    with progress_bar("indexing", visible=options.shows_progress) as progress:
        report = index_archive(settings, rebuild=rebuild, years=years, shard=shard, progress=progress)
    if as_json:
        print_json({"indexed": report.indexed, "failed": len(report.failed), "failures": report.failed})
    else:
        say(f"{plural(report.indexed, 'submission')} indexed")
        for failure in report.failed:
            say(f"failed: {failure.accession}  {failure.message}")
    return SOME_FAILED if report.failed else 0
