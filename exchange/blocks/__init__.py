"""Negotiated blocks: two traders agree, the exchange carries it out."""
