"""
Requests for quotes (询价): somebody asks for a price on so many tonnes, and traders answer, each unseen by the others.

The asker takes one of the quotes or none. What the quotes come to together, weighted by their tonnes, is the inquired
reference price, which is published.
"""
