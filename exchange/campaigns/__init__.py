"""Subscription campaigns: announced by a seller, pledged for in a window, allotted when it closes."""
