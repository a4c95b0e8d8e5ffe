"""The tantivy engine, for archives of millions of documents on one machine. It needs the package `tantivy`.

`fields` is what is indexed, `translating` makes tantivy queries, `searching` collects, `parts` is gathered elsewhere.
"""
