"""The middle floor: parses submissions, indexes and searches them. It uses no network except for OpenSearch."""
