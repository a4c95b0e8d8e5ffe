"""OpenSearch as an engine: one index a filing year behind an alias, asked and filled over HTTP.

The one group of rooms in `indexer` that may use the network, and only to reach the cluster that the settings name.
"""
