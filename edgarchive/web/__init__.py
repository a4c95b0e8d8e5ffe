"""`edgarchive serve`: pages for people, JSON for programs, and EDGAR's own URLs."""
