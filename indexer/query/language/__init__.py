"""The query language: from text to a parsed tree, and its leaves by the rules of their fields."""
