"""Limits of what all requests together may take: concurrent work, and memory."""
