"""Requests for quotes, and the reference prices that they come to."""
