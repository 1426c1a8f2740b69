"""
Negotiated blocks (大宗协议): two traders agree on a price and tonnes, and the exchange carries it out.

One of them proposes a block to the other by the number of its account; what the proposer gives is locked. The other one
accepts, and it trades at once, or declines. A block has a smallest size, and prices of its own where the operator sets
them: it stands beside the book and never meets it.
"""
