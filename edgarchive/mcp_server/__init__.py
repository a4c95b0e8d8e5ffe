"""The archive as read-only tools for a language model, by the Model Context Protocol, over stdin and stdout."""
