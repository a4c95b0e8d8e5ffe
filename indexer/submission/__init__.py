"""Parsing submissions: SGML envelope, header, items, documents."""
