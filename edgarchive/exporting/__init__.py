"""Exports: tables of filings, documents, sections and hits as files."""
