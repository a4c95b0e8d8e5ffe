"""Where alerts go: stdout, a command, a webhook, mail."""
