"""Kilograms end against one claim."""
