"""From query text and filters to a query tree, within limits."""
