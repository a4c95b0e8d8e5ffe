"""Commands that build, check and describe an archive."""
