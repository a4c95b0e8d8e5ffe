"""EDGAR's own URLs, answered from the archive, so that programs written for EDGAR work on it."""
