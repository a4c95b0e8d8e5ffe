"""The archive as tools for a language model, by the Model Context Protocol: read-only, over stdin and stdout."""
