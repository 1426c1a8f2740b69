"""API keys: making, recognising and revoking them."""
