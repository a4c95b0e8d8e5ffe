"""Measurements: `scripts/bench NAME` prints ratios against a named baseline taken in the same run."""
