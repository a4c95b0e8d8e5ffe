"""Documents as they were filed, out of the archive and into a folder."""
