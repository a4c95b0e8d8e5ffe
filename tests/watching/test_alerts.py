"""Alerts of filings that are in the archive."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.identifiers import AccessionNumber
from archiver.settings.settings import Settings
from edgarchive.watching.alerts import Alerts
from edgarchive.watching.searches import checked
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
