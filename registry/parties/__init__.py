"""Organisations and people, and the accounts they own."""
