"""The OpenSearch engine: one index per filing year behind an alias, over HTTP.

This is the only package of `indexer` that may use the network, and only to reach the configured cluster.
"""
