"""JSON, CSV, JSON lines and Atom for programs; named as the command line's options and output."""
