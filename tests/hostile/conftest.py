"""Fixtures of the hostile input tests."""

from tests.edgar_fixtures import cli, edgar, settings

__all__ = ["cli", "edgar", "settings"]
