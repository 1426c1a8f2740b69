"""What the operator, the regulator, the registry and the bank tell the engine: stored first, then carried out once."""
