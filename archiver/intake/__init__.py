"""Ways into the store: single submissions, the Feed, imports."""
