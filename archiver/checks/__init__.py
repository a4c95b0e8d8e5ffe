"""Checks of a submission's bytes: envelope, signature, header facts."""
