"""Kilograms held in favour of the exchange: brought to it, delivered from hold to hold, released."""
