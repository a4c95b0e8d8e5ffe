"""Results in notebooks: data frames and HTML."""
