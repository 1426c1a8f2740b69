"""What waits for somebody, of every kind, in one list."""
