"""Regions that run in child processes on this machine, in a folder of their own: for the demo, the bench and tests."""
