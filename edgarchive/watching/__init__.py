"""Watching EDGAR's feed of current filings and sending alerts for saved searches."""
