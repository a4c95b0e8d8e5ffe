"""The archive on disk: layout, durable writes, the catalogue."""
