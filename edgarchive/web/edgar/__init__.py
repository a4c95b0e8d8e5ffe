"""EDGAR's own URLs, answered from the archive, for programs written for EDGAR."""
