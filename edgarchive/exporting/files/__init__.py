"""The files of an export: formats, growing files, finished parts, and progress."""
