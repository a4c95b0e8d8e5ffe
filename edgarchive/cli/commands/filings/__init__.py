"""Commands that find, show and write filings."""
