"""The settings: what each accepts, where it comes from, and the tables of a settings file."""
