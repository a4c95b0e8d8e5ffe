"""Verifying and repairing stored files and the catalogue."""
