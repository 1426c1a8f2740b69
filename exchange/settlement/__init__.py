"""Delivery against money: what comes in, what is delivered, what goes out, and whether the books agree."""
