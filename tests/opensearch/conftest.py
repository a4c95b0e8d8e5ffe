"""Fixtures of the tests against a real OpenSearch."""

from tests.opensearch.fixtures import opensearch

__all__ = ["opensearch"]
