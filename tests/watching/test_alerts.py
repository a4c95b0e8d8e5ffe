"""Alerts of filings that are in the archive."""

from __future__ import annotations

import functools
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archiver.catalogue.watching import SavedSearch
from archiver.errors import DamageError
from archiver.identifiers import AccessionNumber
from archiver.selection.selection import Selection
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from archiver.store.layout import Layout
from edgarchive import repair_archive, sync_archive
from edgarchive.watching.alerts import Alerts
from edgarchive.watching.searches import checked, remove_search, saved_searches
from indexer import matcher
from indexer.query import bounds
from indexer.search.library import Library
from tests.loopback import LoopbackEdgar
from tests.loopback.faults import Fault
from tests.watching.tools import Clock, KeepingSink, filing, poll


def test_a_pattern_too_wide_for_the_archive_still_alerts(synced_archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The filing alone says that it matches; the passage, which the index would have to make, is left out."""
    new = [AccessionNumber("0009000900-19-000212")]
    with Library(synced_archive, settings=Settings()) as library:
        search = checked("wide", "re*", {})
        [alert] = Alerts([search]).of(library, new, {})
    assert alert.payload["snippet"]
    monkeypatch.setattr(bounds, "MAX_EXPANSIONS", 1)
    with Library(synced_archive, settings=Settings()) as library:  # the first has kept what it found
        [without] = Alerts([search]).of(library, new, {})
    assert without.id == alert.id
    assert without.payload == alert.payload | {"snippet": None}


@pytest.mark.parametrize("filters", [{"fomr": ["8-K"]}, {"since": []}, {"form": [["8-K"]]}, {"query": "x"}])
def test_a_saved_search_that_was_never_saved_so_is_damage(settings: Settings, filters: dict[str, object]) -> None:
    """A flipped bit in a filter is named with its search, and removing that helps."""
    with Archive.open(settings.root, writable=True, create=True) as archive:
        archive.catalogue.saved_searches.set(SavedSearch("one", "resigned", filters, datetime.now(UTC)))
    with pytest.raises(DamageError, match="the saved search 'one' is damaged"):
        saved_searches(settings)
    remove_search(settings, "one")
    assert saved_searches(settings) == {}


def _without_type() -> Fault:
    """A submission that is complete, and whose header lacks what an index needs."""
    line = b"CONFORMED SUBMISSION TYPE:\t8-K\n"
    return Fault("without_type", lambda answer: replace(answer, body=answer.body.replace(line, b""), etag_md5=None))


@pytest.mark.parametrize("names", [None, ["departures"]])
async def test_a_filing_that_cannot_be_indexed(
    edgar: LoopbackEdgar,
    settings: Settings,
    sink: KeepingSink,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    *,
    names: list[str] | None,
) -> None:
    """No search finds it; who gets every filing gets it with what the feed says."""
    searches = [checked(name, "resigned", {}) for name in names] if names else None
    await poll(settings, sink, clock)
    good, bad = edgar.add(filing(1)), edgar.add(filing(2))
    edgar.inject(_without_type(), path=f"*{bad}.txt", times=None)
    await poll(settings, sink, clock, searches=searches)
    assert sorted(sink.accessions) == ([good] if names else [good, bad])
    assert f"{bad} is not in the index" in caplog.text
    if names is None:
        ours, usual = (next(one for one in sink.got if one["accession"] == number) for number in (bad, good))
        assert ours.keys() == usual.keys()
        assert (ours["form"], ours["entities"], ours["accepted"]) == ("8-K", usual["entities"], usual["accepted"])
        assert str(ours["url"]).endswith(f"/{bad}-index.htm")


@pytest.mark.parametrize("is_indexed", [True, False])
async def test_a_damaged_filing_delays_no_other(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock, *, is_indexed: bool
) -> None:
    """It is matched once a repair has brought it back."""
    searches = [checked("departures", "resigned", {})]
    await poll(settings, sink, clock)
    first = AccessionNumber(edgar.add(filing(1)))
    sync_archive(Selection(["*"], since="2026-01-01"), settings=settings, index=is_indexed)
    shutil.rmtree(settings.root / "texts", ignore_errors=True)
    path = Layout(settings.root).submission(first)
    path.write_bytes(bytes(path.stat().st_size))
    second = edgar.add(filing(2))
    await poll(settings, sink, clock, searches=searches)
    assert sink.accessions == [second]
    repair_archive(settings)
    await poll(settings, sink, clock, searches=searches)
    assert sink.accessions == [second, first]


@pytest.mark.parametrize("names", [None, ["departures"]])
async def test_a_filing_taken_out_of_the_archive_delays_no_other(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock, *, names: list[str] | None
) -> None:
    """Before it was matched, as after a kill; a repair or a damaged day of the Feed may do that."""
    searches = [checked(name, "resigned", {}) for name in names] if names else None
    await poll(settings, sink, clock)
    first = AccessionNumber(edgar.add(filing(1)))
    await poll(settings, KeepingSink("another"), clock, searches=searches)
    with Archive.open(settings.root, writable=True) as archive:
        archive.catalogue.sightings.set_state([first], "stored")
        archive.take_out(first, reason="a test")
    second = edgar.add(filing(2))
    await poll(settings, sink, clock, searches=searches)
    assert second in sink.accessions
    with Archive.open(settings.root) as archive:
        assert archive.catalogue.sightings.of("stored") == []


async def test_an_index_that_is_gone_is_made_again(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock
) -> None:
    """What is stored and not matched yet does not wait for the next new filing."""
    await poll(settings, sink, clock)
    accession = edgar.add(filing(1))
    await poll(settings, KeepingSink("another"), clock)
    with Archive.open(settings.root, writable=True) as archive:
        archive.catalogue.sightings.set_state([AccessionNumber(accession)], "stored")
    shutil.rmtree(settings.root / "index")
    await poll(settings, sink, clock)
    assert sink.accessions == [accession]


async def test_a_search_that_takes_too_long_delays_no_other(
    edgar: LoopbackEdgar, settings: Settings, sink: KeepingSink, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named, and left out for this filing."""
    monkeypatch.setattr(matcher, "Deadline", functools.partial(bounds.Deadline, 0.0))
    searches = [checked("slow", '"ch* fin*"~5', {}), checked("quick", "resigned", {})]
    await poll(settings, sink, clock)
    accession = edgar.add(filing(1))
    await poll(settings, sink, clock, searches=searches)
    assert [(one["search"], one["accession"]) for one in sink.got] == [("quick", accession)]
