"""On the path of the peers' processes: what sends their requests to the served archive."""
