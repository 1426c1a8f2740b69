"""Who counts as two people: the graph that keys given to others make, and the pairs of regulators that can decide."""
