"""Running long operations: progress, cancellation, retries, asyncio from blocking code."""
