"""Receipt bundles and the offline verifier."""
