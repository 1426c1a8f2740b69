"""How Kilnwood runs: composition root, settings, command line, embedded PostgreSQL, demo."""
