"""Fixtures of the integration tests."""

from tests.edgar_fixtures import cli, edgar, settings, synced, synced_archive

__all__ = ["cli", "edgar", "settings", "synced", "synced_archive"]
