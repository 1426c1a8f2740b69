"""The public side: events and places whose guests offset their own share, from tonnes that are offered by the kilogram."""
