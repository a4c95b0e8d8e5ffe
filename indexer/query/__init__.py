"""From query text and filters to query nodes, within bounds."""
