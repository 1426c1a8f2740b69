"""The command line. Nothing is imported here: `kilnwood verify` must start at once."""
