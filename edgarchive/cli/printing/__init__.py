"""Presentation of results: hits, tables and text on a terminal."""
