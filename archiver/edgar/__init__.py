"""Communication with EDGAR: addresses, pace, HTTP, classification of responses, retries."""
