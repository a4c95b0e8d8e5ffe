"""From listings and a selection to a plan of submissions to fetch."""
