"""Ways into the archive: single submissions, the Feed, imports."""
