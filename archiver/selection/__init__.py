"""What to mirror: forms, CIKs, tickers, names and dates."""
