"""Claims and retirements that should not have been, by two people."""
