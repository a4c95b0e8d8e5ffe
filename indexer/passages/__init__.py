"""The best passages of a text for a query."""
