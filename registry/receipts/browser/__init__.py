"""The verifier as a script for browsers: the checks of `registry/receipts/verifier/`, in their order and words."""
