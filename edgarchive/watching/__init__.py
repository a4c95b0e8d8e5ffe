"""Watching EDGAR's feed of current filings, and telling of those that saved searches find."""
