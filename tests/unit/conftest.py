"""Fixtures of the unit tests."""

from tests.edgar_fixtures import edgar

__all__ = ["edgar"]
