"""Event pages: an organiser's event or place, and the guests who offset their own share of it."""
