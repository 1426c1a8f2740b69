"""Footprints, neutrality claims and their coverage."""
