"""The text store: the extracted text of every document, so that nothing needs to be parsed twice."""
