"""Alerts of filings that are in the archive."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from archiver.catalogue.watching import SavedSearch
from archiver.errors import DamageError
from archiver.identifiers import AccessionNumber
from archiver.settings.settings import Settings
from archiver.store.archive import Archive
from edgarchive.watching.alerts import Alerts
from edgarchive.watching.searches import checked, remove_search, saved_searches
from indexer.query import bounds
from indexer.search.library import Library


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
