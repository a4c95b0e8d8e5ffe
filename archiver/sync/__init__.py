"""A sync: plan, fetch, report."""
