"""How much of their quotas organisations have used, and the removal of documents that nothing names."""
