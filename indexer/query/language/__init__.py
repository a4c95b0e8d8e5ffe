"""The words of the query language: text to a raw tree, and its leaves by the rules of their fields."""
