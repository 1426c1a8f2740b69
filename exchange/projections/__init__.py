"""Tables that follow the journal: orders, trades, balances and replies. Each mode brings its own part."""
