"""``edgarchive status``: what the archive holds."""

from __future__ import annotations

import typer

from archiver.archive import Archive
from archiver.mirror import LAST_SYNC
from edgarchive.cli.options import AsJson, common
from edgarchive.cli.output import human_bytes, plural, print_json, say


def status(context: typer.Context, *, as_json: AsJson = False) -> int:
    """Say how many submissions there are, by form and year, when the last sync ended, and what is not indexed yet."""
    with Archive.open(common(context).settings().root) as archive:
        totals = archive.catalogue.totals()
        last_sync = archive.catalogue.note(LAST_SYNC)
        if as_json:
            print_json(
                {
                    "root": archive.root,
                    "submissions": totals.submissions,
                    "bytes": totals.size,
                    "stored_bytes": totals.stored_bytes,
                    "last_sync": last_sync,
                    "unindexed": totals.unindexed,
                    "forms": [{"form": form, "year": year, "count": n} for form, year, n in totals.by_form_and_year],
                }
            )
            return 0
        say(f"{archive.root}")
        stored = f"{human_bytes(totals.size)}, {human_bytes(totals.stored_bytes)} on disk"
        say(f"{plural(totals.submissions, 'submission')}, {stored}; last sync {last_sync or 'never'}")
        say("all indexed" if not totals.unindexed else f"{totals.unindexed:,} not indexed yet: run `edgarchive index`")
        for form, year, count in totals.by_form_and_year:
            say(f"  {year}  {form:<12} {count:>9,}")
    return 0
