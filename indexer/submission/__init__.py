"""A submission as it was filed: SGML envelope, header, items, documents."""
