"""The simulator as the site offers it: what may be chosen, and the one process that plays it."""
