"""The log's byte formats: pure, no I/O and no clock, shared by the registry and the offline verifier."""
