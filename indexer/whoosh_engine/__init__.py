"""The embedded engine: Whoosh 2.7.4, pinned, with our own field types and durable commits.

Whoosh pickles the classes of its schema by their path: `indexer.whoosh_engine.fields` is part of the on-disk format.
"""
