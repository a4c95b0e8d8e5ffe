"""What of an archive is read as it is: its runs, its files, and its shares for several machines."""
