"""Tests of indexer.search.diagnosis."""
