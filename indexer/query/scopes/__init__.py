"""Where the words of a query must stand together: in a section, in a document, in a filing."""
