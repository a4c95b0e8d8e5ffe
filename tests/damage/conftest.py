"""Fixtures of the damage tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from archiver.settings.settings import Settings
from edgarchive import sync_archive
from tests.damage.phases import ALL
from tests.edgar_fixtures import FAST, IDENTITY, cli, edgar, pace_file, settings
from tests.loopback import FIXTURES, LoopbackEdgar

__all__ = ["cli", "edgar", "settings"]


@pytest.fixture(scope="session")
def _synced_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive that a sync of `ALL` made: once, for tests to copy."""
    root = tmp_path_factory.mktemp("synced") / "archive"
    with LoopbackEdgar(FIXTURES) as server:
        sync_archive(ALL, settings=Settings(root=root, base_url=server.base_url, user_agent=IDENTITY, rate=FAST))
        pace_file(server).unlink(missing_ok=True)
    return root


@pytest.fixture
def synced(settings: Settings, _synced_archive: Path) -> Settings:
    """The settings, with an archive in which all of `ALL` is."""
    shutil.copytree(_synced_archive, settings.root)
    return settings
