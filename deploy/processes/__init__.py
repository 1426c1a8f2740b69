"""What runs: one object a role, each able to run alone, all of them together in one process by default."""
