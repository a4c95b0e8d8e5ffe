"""Writing a Whoosh index: segments, merging, durable commits."""
