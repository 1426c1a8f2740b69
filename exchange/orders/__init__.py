"""Limit orders in the book: placed, amended, cancelled; the fills and balances of an account."""
