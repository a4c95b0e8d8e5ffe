"""Fixtures of the integration tests."""

from tests.edgar_fixtures import cli, edgar, settings

__all__ = ["cli", "edgar", "settings"]
