"""Pictures of every page: in both languages, on a phone and on a desk, as whoever may see it."""
