"""Results in a notebook: data frames and HTML."""
