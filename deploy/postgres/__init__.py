"""The embedded PostgreSQL: our launcher over the binaries of a wheel, or of any other folder."""
