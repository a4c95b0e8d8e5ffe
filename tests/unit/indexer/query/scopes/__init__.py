"""Tests of indexer.query.scopes."""
