"""Market data on a WebSocket: one connection, some instruments."""
