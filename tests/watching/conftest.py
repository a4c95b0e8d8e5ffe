"""A loopback EDGAR that a watch has seen, a clock to set, and a sink that keeps what it gets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archiver.listings import current_feed
from archiver.settings.settings import Settings
from tests.edgar_fixtures import FAST, IDENTITY, pace_file, synced_archive
from tests.loopback import LoopbackEdgar
from tests.paths import INVENTED
from tests.watching.tools import PAGE, Clock, KeepingSink

__all__ = ["synced_archive"]


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The feed is read in small pages, so that a few filings fill several."""
    monkeypatch.setattr(current_feed, "PAGE_ENTRIES", PAGE)


@pytest.fixture
def edgar() -> Iterator[LoopbackEdgar]:
    """A loopback EDGAR with the first invented submissions; the others come later."""
    with LoopbackEdgar(sorted(INVENTED.glob("*.txt"))[:8]) as server:
        yield server
        pace_file(server).unlink(missing_ok=True)


@pytest.fixture
def settings(edgar: LoopbackEdgar, tmp_path: Path) -> Settings:
    """Settings for it."""
    return Settings(root=tmp_path / "archive", base_url=edgar.base_url, user_agent=IDENTITY, rate=FAST, jobs=1)


@pytest.fixture
def clock() -> Clock:
    """A clock that stands until it is set on."""
    return Clock(datetime(2026, 1, 12, 15, 0, tzinfo=UTC), timedelta())


@pytest.fixture
def sink() -> KeepingSink:
    """A sink that keeps what it gets."""
    return KeepingSink()
