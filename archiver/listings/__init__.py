"""EDGAR's listings: quarterly and daily indexes, their cached copies, tickers."""
