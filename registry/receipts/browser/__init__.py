"""The verifier as a script for browsers: the same checks, in the same order and words as `registry/receipts/verifier/`."""
