"""The files of an export: formats, growing files and finished parts, and how far an export is."""
