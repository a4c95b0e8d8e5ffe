"""Fixtures of the hostile input tests."""

from tests.edgar_fixtures import cli, client, edgar, pacer, settings

__all__ = ["cli", "client", "edgar", "pacer", "settings"]
