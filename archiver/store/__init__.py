"""The archive on disk: layout, locks, durable writes."""
