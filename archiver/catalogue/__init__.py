"""The catalogue: what is stored, in SQLite; runs, checkpoints, and what `watch` has done."""
