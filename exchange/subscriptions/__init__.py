"""Standing subscriptions: what an account buys in each period, or sells of each issuance, by itself."""
