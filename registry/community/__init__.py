"""The public side: events and places whose guests offset their own share, from tonnes offered by the kilogram."""
