"""Plumbing for both services: database, migrations, problems, logging, clock, idempotency."""
