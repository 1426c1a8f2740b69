"""`kilnwood bench`: what the service does in a second on this machine, each figure beside its limit in the same run."""
