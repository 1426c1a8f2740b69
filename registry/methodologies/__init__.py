"""Reduction and footprint formulas with versioned factor tables."""
