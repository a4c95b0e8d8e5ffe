"""``edgarchive export``: tables of filings, documents, sections or hits, for other programs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from archiver.runtime.paths import exists
from edgarchive.cli.no_hits import say_why_nothing
from edgarchive.cli.options import AsJson, accession_numbers, common
from edgarchive.cli.output import SOME_FAILED, plural, print_json, say
from edgarchive.cli.progress import progress_bar
from edgarchive.cli.search_options import takes_search
from edgarchive.exporting.files.writers import Format
from edgarchive.exporting.layouts import LayoutName
from edgarchive.exporting.run import ExportReport
from edgarchive.exporting.run import export as export_table
from edgarchive.exporting.shapes import ShapeName
from edgarchive.formats import clean
from indexer.search.library import Library
from indexer.search.options import SearchOptions


class ExportTable(StrEnum):
    """What can be exported."""

    FILINGS = "filings"
    DOCUMENTS = "documents"
    SECTIONS = "sections"
    HITS = "hits"


@takes_search(pages=False)
def export(
    context: typer.Context,
    *,
    table: Annotated[
        ExportTable, typer.Argument(metavar="TABLE", help="What to write: filings, documents, sections or hits.")
    ],
    options: SearchOptions,
    out: Annotated[Path, typer.Option("-o", "--out", "--output", metavar="PATH", help="File, or folder for Parquet.")],
    output: Annotated[
        Format | None,
        typer.Option(
            "--format", metavar="|".join(Format), help="Output format.", show_default="by the extension of PATH"
        ),
    ] = None,
    shape: Annotated[
        ShapeName | None,
        typer.Option(metavar="|".join(ShapeName), help="Write sections in the layout of another data set."),
    ] = None,
    layout: Annotated[
        LayoutName | None,
        typer.Option(metavar="|".join(LayoutName), help="Link filings into a folder that edgartools reads."),
    ] = None,
    copy: Annotated[bool, typer.Option("--copy", help="With --layout: copy instead of linking.")] = False,
    accessions: Annotated[
        list[str] | None, typer.Option(metavar="N|@FILE", help="Export these accession numbers, in this order.")
    ] = None,
    no_card: Annotated[
        bool, typer.Option("--no-card", help="Write no README.md, which readers of whole folders reject.")
    ] = False,
    since_export: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Only what was stored since FILE's last export; updates FILE.")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Number of processes.", show_default="1 for a few filings, else all cores"
        ),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Write filings, documents, sections or hits as a table in JSON Lines, CSV or Parquet.

    Without QUERY and filters, everything is exported. Run the same command again to continue an export that was
    stopped.
    """
    common_options = common(context)
    settings = common_options.settings()
    searched = options.to_dict().keys() - {"limit"}
    is_first = since_export is None or not exists(since_export)
    with progress_bar("exporting", visible=common_options.shows_progress, lines=common_options.logs_progress) as show:
        report = export_table(
            table,
            out,
            options=options if searched else None,
            accessions=None if accessions is None else accession_numbers(accessions),
            format=output,
            shape=shape,
            layout=layout,
            copy=copy,
            card=not no_card,
            since_export=since_export,
            settings=settings,
            jobs=jobs,
            progress=show,
        )
    if searched and is_first and not (report.filings or report.failures):
        with Library(settings=settings) as library:
            say_why_nothing(library.run(options.replace(limit=0)).diagnose())
    if as_json:
        print_json(report.to_dict())
    else:
        _print(report, layout)
    return SOME_FAILED if report.failures else 0


def _print(report: ExportReport, layout: LayoutName | None) -> None:
    for accession, error in report.failures:
        say(f"failed: {accession}: {clean(error)}")
    if layout:
        _print_layout(report)
        return
    say(f"{plural(report.filings, 'filing')} read, {plural(report.rows, 'row')} written:")
    for path in report.files:
        say(f"  {clean(str(path))}")


def _print_layout(report: ExportReport) -> None:
    linked = plural(report.filings - report.copied, "filing")
    copied = f", {report.copied:,} copied" if report.copied else ""
    say(f"{linked} linked{copied}:")
    for path in report.files:
        say(f"  {clean(str(path))}")
