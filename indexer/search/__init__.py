"""The library: searching and reading an archive."""
