"""Numbered, forward-only migrations of the exchange's schema."""
