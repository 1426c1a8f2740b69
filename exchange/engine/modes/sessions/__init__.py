"""
Sessions of the book: pre-open, opening call, continuous, closing call, closed; and orders that end with them.

Before the opening and in a call, orders are collected. When a call ends, what crosses trades at one price. Listings and
campaigns stand beside the book and follow no phase.
"""
