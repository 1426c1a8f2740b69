"""Sessions of people who are signed in: opened with a key of theirs, rotated, ended."""
