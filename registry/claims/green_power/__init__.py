"""Contracts and certificates of green power: each number registered once, each kilowatt-hour claimed once."""
