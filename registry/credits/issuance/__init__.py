"""Credits come into being, by two people."""
