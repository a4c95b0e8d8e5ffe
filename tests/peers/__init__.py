"""Programs that others wrote for EDGAR, run on a served archive: tests that our answers are what they read."""
