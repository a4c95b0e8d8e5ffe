"""``edgarchive status``: what the archive holds."""

from __future__ import annotations

import typer

from archiver.store.archive import Archive
from archiver.sync.last_sync import LAST_SYNC, SyncState, last_sync
from edgarchive.cli.options import AsJson, common
from edgarchive.cli.output import human_bytes, plural, print_json, say
from indexer.index_folder import marks_hold


def status(context: typer.Context, *, as_json: AsJson = False) -> int:
    """Say how many submissions there are, by form and year, when the last sync ended, what is not indexed."""
    with Archive.open(common(context).settings().root) as archive:
        totals = archive.catalogue.totals()
        unindexed = totals.unindexed if marks_hold(archive.index_path) else totals.submissions
        ended, state = archive.catalogue.note(LAST_SYNC), last_sync(archive.catalogue)
        if as_json:
            print_json(
                {
                    "root": archive.root,
                    "submissions": totals.submissions,
                    "bytes": totals.size,
                    "stored_bytes": totals.stored_bytes,
                    "last_sync": ended,
                    "sync": state,
                    "unindexed": unindexed,
                    "forms": [{"form": form, "year": year, "count": n} for form, year, n in totals.by_form_and_year],
                }
            )
            return 0
        say(f"{archive.root}")
        stored = f"{human_bytes(totals.size)}, {human_bytes(totals.stored_bytes)} on disk"
        say(f"{plural(totals.submissions, 'submission')}, {stored}; last sync {ended or 'never'}")
        for line in _behind(state):
            say(line)
        say("all indexed" if not unindexed else f"{unindexed:,} not indexed yet: run `edgarchive index`")
        for form, year, count in totals.by_form_and_year:
            say(f"  {year}  {form:<12} {count:>9,}")
    return 0


def _behind(state: SyncState | None) -> list[str]:
    """What the last sync has left, in words."""
    if state is None or (state.ended and not state.behind):
        return []
    if state.ended:
        return [
            f"the last sync failed to get {state.behind:,} of {plural(state.planned, 'submission')}; run it again:",
            *(f"  {accession}" for accession in state.failures),
        ]
    if not state.stopped:
        return [f"a sync that began {state.began} is running, or was killed; the next one goes on from there"]
    left = (
        f"{state.behind:,} of {plural(state.planned, 'submission')} to go" if state.planned else "before it had a plan"
    )
    return [f"the last sync stopped {state.stopped}, {left}; run it again"]
