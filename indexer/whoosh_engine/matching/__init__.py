"""Finding and scoring documents in a Whoosh index."""
