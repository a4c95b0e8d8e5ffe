"""Finding the items of a report in its text."""
