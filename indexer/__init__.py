"""disk -> index -> answers: the floor that reads submissions and searches them. Never uses the network."""
