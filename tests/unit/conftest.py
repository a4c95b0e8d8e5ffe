"""Fixtures of the unit tests."""

from tests.edgar_fixtures import client, edgar, pacer

__all__ = ["client", "edgar", "pacer"]
