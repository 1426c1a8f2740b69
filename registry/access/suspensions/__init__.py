"""Emergency suspensions: one regulator stops another from deciding, and is stopped as well."""
