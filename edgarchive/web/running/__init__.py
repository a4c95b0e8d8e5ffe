"""Running the web application: its socket and TLS, and how long a client may be slow."""
