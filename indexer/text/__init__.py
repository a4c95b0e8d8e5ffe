"""Extracting the text of a document from its bytes."""
