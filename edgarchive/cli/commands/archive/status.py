"""``edgarchive status``: the contents of the archive."""

from __future__ import annotations

from datetime import datetime

import typer

from archiver.sync.last_sync import SyncState
from edgarchive.cli.options import AsJson, common
from edgarchive.cli.output import human_moment, human_time, plural, print_json, say
from edgarchive.cli.printing.counts import crossed_lines, screen_width
from edgarchive.formats import clean, human_bytes
from indexer.search.library import Library
from indexer.search.records import Status


def status(context: typer.Context, *, as_json: AsJson = False) -> int:
    """Show submissions by form and year, the last sync, and what is not indexed."""
    with Library(settings=common(context).settings()) as library:
        found = library.status()
    if as_json:
        print_json(found.to_dict())
        return 0
    say(f"{found.root}")
    stored = f"{human_bytes(found.size)}, {human_bytes(found.stored_bytes)} on disk"
    last = _moment(found.last_sync) if found.last_sync else "never"
    say(f"{plural(found.submissions, 'submission')}, {stored}; last sync {last}")
    for line in _behind(found.sync):
        say(line)
    say(_index_line(found))
    if found.texts is None:
        say("the kept texts cannot be read: run `edgarchive verify`")
    elif found.texts.submissions:
        size = f"{human_bytes(found.texts.text_bytes)}, {human_bytes(found.texts.stored_bytes)} on disk"
        say(f"texts of {plural(found.texts.submissions, 'submission')}, {size}")
    for line in crossed_lines(((clean(one.form), one.year, one.count) for one in found.forms), width=screen_width()):
        say(line)
    return 0


def _moment(text: str) -> str:
    return human_moment(datetime.fromisoformat(text))


def _index_line(found: Status) -> str:
    if found.index_error is not None:
        return f"the index cannot be searched: {found.index_error}"
    return "all indexed" if not found.unindexed else f"{found.unindexed:,} not indexed yet: run `edgarchive index`"


def _behind(state: SyncState | None) -> list[str]:
    """What the last sync did not finish, in words."""
    if state is None or (state.ended and not state.behind):
        return []
    if state.ended:
        return [
            f"the last sync failed to get {state.behind:,} of {plural(state.planned, 'submission')}; run it again:",
            *(f"  {accession}" for accession in state.failures),
        ]
    if not state.stopped:
        return [
            f"a sync that began {_moment(state.began)} {_so_far(state)}is running, or was killed; the next continues"
        ]
    left = (
        f"{state.behind:,} of {plural(state.planned, 'submission')} to go"
        if state.planned
        else "before it knew what to fetch"
    )
    return [f"the last sync stopped {_moment(state.stopped)}, {left}; run it again"]


def _so_far(state: SyncState) -> str:
    """The progress of a sync that has not ended."""
    if not state.planned:
        return "(planning) "
    done = state.planned - state.behind
    failed = f", {state.failed:,} failed" if state.failed else ""
    speed = ""
    if state.rate is not None and state.eta_s is not None:
        speed = f", {state.rate:.1f}/s, about {human_time(state.eta_s)} to go"
    return f"({done:,} of {plural(state.planned, 'submission')}, {done / state.planned:.0%}{failed}{speed}) "
