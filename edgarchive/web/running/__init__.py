"""Running the web application: socket, TLS, and time limits for slow clients."""
