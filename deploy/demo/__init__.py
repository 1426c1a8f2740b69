"""`kilnwood demo`: a region's first season, played over HTTP and verified with the service stopped."""
