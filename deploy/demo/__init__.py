"""`kilnwood demo`: plays the first season, shows it, and verifies its receipts with the service stopped."""
