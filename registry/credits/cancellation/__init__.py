"""Kilograms end without a claim."""
