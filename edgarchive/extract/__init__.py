"""Extracting documents as filed to a folder."""
