"""Fixtures of the damage tests."""

from tests.edgar_fixtures import cli, edgar, settings

__all__ = ["cli", "edgar", "settings"]
