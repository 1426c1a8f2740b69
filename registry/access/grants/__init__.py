"""Which person holds which role at which organisation, and for how long."""
