"""The tantivy engine, for millions of documents on one machine. It needs the package `tantivy`.

`fields` defines the schema, `translating` builds tantivy queries, `searching` collects hits, `parts` are written
elsewhere.
"""
