"""
The rules of venues: which ways to trade are open, limits, the resale lock, and who owns an account.

What commands of other modes ask of them stands in `exchange.engine.venue`.
"""
