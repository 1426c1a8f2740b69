"""A witness (c2sp.org/tlog-witness): cosigns a log's checkpoints only while they continue what it has seen."""
