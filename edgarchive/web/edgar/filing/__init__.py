"""EDGAR's pages and files of one filing."""
