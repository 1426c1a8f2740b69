"""Retail pools: somebody's tonnes offered by the kilogram, the payments for them, and what their owner is owed."""
