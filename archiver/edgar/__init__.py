"""Talking to EDGAR: addresses, pace, HTTP, what a response means, retries."""
