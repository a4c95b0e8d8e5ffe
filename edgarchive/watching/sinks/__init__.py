"""Sinks for alerts: stdout, a command, a webhook, mail."""
