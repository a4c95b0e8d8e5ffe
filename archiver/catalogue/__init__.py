"""The catalogue, a SQLite database: stored submissions, runs, checkpoints, and the state of `watch`."""
