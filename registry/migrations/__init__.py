"""Numbered, forward-only migrations of the registry's schema."""
