"""Reading the command line: plain values, and what is said of others."""
