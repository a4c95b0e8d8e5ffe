"""``edgarchive extract``: documents as filed, in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgarchive.cli.options import AsJson, accession_numbers, common
from edgarchive.cli.output import SOME_FAILED, plural, print_json, say
from edgarchive.extract.extract import ExtractReport, extract_filings
from edgarchive.formats import clean
from indexer.search.library import Library


def extract(
    context: typer.Context,
    accessions: Annotated[
        list[str],
        typer.Argument(metavar="ACCESSION", help="Accession numbers, @FILE with one per line, - for stdin."),
    ],
    *,
    out: Annotated[Path, typer.Option("-o", "--out", "--output", metavar="DIR", help="Folder to write to.")],
    documents: Annotated[
        str | None, typer.Option(metavar="GLOB", help="Only documents of this type or file name ('EX-99*').")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Write the documents of filings to files as they were filed, including images.

    Each filing gets a folder named after its accession number, with a manifest that maps the file names to the
    original ones. Filings that are already extracted are left unchanged.
    """
    numbers = accession_numbers(accessions)
    with Library(settings=common(context).settings()) as library:
        report = extract_filings(library, numbers, out, documents=documents)
    if as_json:
        print_json(report.to_dict())
    else:
        _print(report)
    return SOME_FAILED if report.failures else 0


def _print(report: ExtractReport) -> None:
    for filing in report.filings:
        note = " (extracted before)" if filing.was_there else ""
        say(f"{clean(str(filing.folder))}: {plural(len(filing.files), 'document')}{note}")
    for accession, error in report.failures:
        say(f"failed: {accession}: {clean(error)}")
