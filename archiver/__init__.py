"""EDGAR -> disk: the floor that mirrors submissions and proves them whole. Knows nothing of search."""
