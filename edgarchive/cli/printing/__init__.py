"""How results reach a person: hits, tables, text on a terminal; and how they reach a file."""
