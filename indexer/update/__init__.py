"""Updating the index from the archive, in worker processes."""
