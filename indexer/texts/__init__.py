"""The text store: the extracted text of every document, kept once, so that nothing has to be parsed twice."""
