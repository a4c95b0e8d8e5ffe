"""The scope in which the words of a query must match: a section, a document, a filing."""
