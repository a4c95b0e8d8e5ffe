"""Keeping the index up to date with the archive, in worker processes."""
