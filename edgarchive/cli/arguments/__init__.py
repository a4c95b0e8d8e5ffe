"""Reading the command line: plain values without pydantic, and usage errors."""
