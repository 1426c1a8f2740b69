"""One-sided auctions: announced by a seller, bid for in a window, sold to the best when it closes."""
