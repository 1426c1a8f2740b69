"""Kilograms that an account sets aside under one hold, and takes out again: what a retail pool sells from."""
