"""Scripts that the peers' Python runs."""
