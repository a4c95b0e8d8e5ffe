"""JSON, CSV, JSON Lines and Atom for programs, with the names of the command line's options and output."""
