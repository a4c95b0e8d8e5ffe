"""``edgarchive open``: a filing in the browser, as filed."""

from __future__ import annotations

import webbrowser
from typing import Annotated

import platformdirs
import typer

from archiver.errors import UsageError
from archiver.identifiers import AccessionNumber
from edgarchive.cli.options import AsJson, common
from edgarchive.cli.output import print_json, say
from edgarchive.extract.extract import extract_filing, write_viewer
from edgarchive.formats import clean
from indexer.search.library import Library


def open(  # noqa: A001 — the verb's name
    context: typer.Context,
    accession: Annotated[
        str, typer.Argument(metavar="ACCESSION", help="Accession number, or a path or sec.gov URL with it.")
    ],
    *,
    document: Annotated[
        str | None,
        typer.Option(
            metavar="N|TYPE|NAME", help="Document to show, by number, type or file name.", show_default="the first"
        ),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Show a filing in the browser as it was filed, including images.

    Its documents are extracted to the user's cache folder, and listed. A filer's scripts do not run.
    """
    folder = platformdirs.user_cache_path("edgarchive") / "open"
    with Library(settings=common(context).settings()) as library:
        filing = extract_filing(library, AccessionNumber.from_text(accession), folder)
        shown = 0
        if document is not None:
            submission = library.submission(filing.accession)
            shown = submission.documents.index(submission.document(document))
    page = write_viewer(filing, shown)
    if as_json:
        print_json({**filing.to_dict(), "page": str(page)})
        return 0
    say(str(page))
    for file in filing.files:
        about = "  ".join(clean(one) for one in (file.type, file.filename, file.description) if one)
        say(f"  {file.sequence or '-':>4}  {about}")
    if not webbrowser.open(page.as_uri()):
        raise UsageError("no browser could be started", f"open {page} yourself")
    return 0
