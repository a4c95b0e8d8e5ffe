"""Not computing or sending again what is known: conditional requests, and responses kept for repeated searches."""
