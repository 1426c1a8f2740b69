"""What is done with documents, projects and monitoring reports."""
