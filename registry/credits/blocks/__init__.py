"""Where every kilogram is: locks, the choice of what leaves, splits, moves, and the compactor."""
