"""Each command's options and help; what it does is imported when it runs."""
