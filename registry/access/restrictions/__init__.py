"""Freezes on accounts, projects and issuances."""
