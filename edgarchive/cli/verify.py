"""``edgarchive verify``: hold files, catalogue and index against each other. Read-only."""

from __future__ import annotations

from typing import Annotated

import typer

from archiver.archive import Archive
from archiver.verify import verify_files
from edgarchive.cli.options import AsJson, common
from edgarchive.cli.output import clean, plural, print_json, say
from edgarchive.cli.progress import progress_bar
from indexer.checking import check_index

_DAMAGE_FOUND = 5


def verify(
    context: typer.Context,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Only presence and size of the files; read none.")] = False,
    as_json: AsJson = False,
) -> int:
    """Check every stored file: sha256, closing tag, the SEC's signature; then the index against the archive."""
    options = common(context)
    settings = options.settings()
    with Archive.open(settings.root) as archive:
        total = archive.catalogue.count()
        with progress_bar("checking", visible=options.shows_progress) as show:
            report = verify_files(
                archive,
                quick=quick,
                jobs=settings.jobs,
                progress=None if show is None else lambda done: show(done, total),
            )
        findings = (
            *report.findings,
            *check_index(archive, quick=quick),
        )
    if as_json:
        print_json({"checked": report.checked, "ok": report.ok, "signed": report.signed, "findings": findings})
    else:
        for finding in findings:
            where = finding.accession or finding.path
            say(f"{finding.kind}: {f'{clean(where)}: ' if where else ''}{clean(finding.message)}")
        say(f"{plural(report.checked, 'submission')} checked, {report.ok:,} ok, {report.signed:,} signed by the SEC")
        say(plural(len(findings), "finding"))
    return _DAMAGE_FOUND if findings else 0
