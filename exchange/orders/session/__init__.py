"""The WebSocket order session: one account's commands on a connection that stays open."""
