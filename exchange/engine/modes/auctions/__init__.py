"""
One-sided auctions (单向竞价): a seller's tonnes go to those who bid the most for them.

A seller opens an auction; its tonnes are locked. It takes bids once it has begun and until it closes, each with its
money locked. Sealed bids are settled at one price or at each bidder's own; in an ascending auction each bid beats the
best before it, and a late one prolongs it. When it begins and closes is said by instructions; the time of a bid and the
seed of a draw are in the commands.
"""
