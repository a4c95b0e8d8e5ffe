"""The passages of a text that show best why it was found."""
