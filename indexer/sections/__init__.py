"""Where the items of a report stand in its text."""
