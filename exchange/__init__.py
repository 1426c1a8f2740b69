"""The exchange: order books, auctions, subscriptions and settlement. Empty until trading with money begins."""
