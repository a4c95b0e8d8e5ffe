"""From a document's bytes to its text."""
